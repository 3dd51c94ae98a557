#pragma once

#include <duckdb/function/create_sort_key.hpp>
#include <duckdb/function/table_function.hpp>
#include <duckdb/optimizer/optimizer_extension.hpp>
#include <duckdb/planner/filter/dynamic_filter.hpp>

#include <vector>

namespace shoestring {

/// The order in which a scan hands out its rows, and which of them: what a Top-N would
/// have left of them. Beside the function of the scan in a plan.
struct ScanOrder : duckdb::TableFunctionInfo {
  /// nullptr for a scan that hands out all rows as they come.
  static const ScanOrder* Of(const duckdb::TableFunctionInitInput& input);

  std::vector<size_t> places;  ///< Among the scan's columns; the first one decides first.
  duckdb::vector<duckdb::OrderModifiers> modifiers;  ///< Of each.
  duckdb::idx_t offset = 0;
  duckdb::idx_t limit = 0;
  /// Read by a filter of the scan itself: what is not better than this is not wanted any
  /// more. nullptr for an order that has none.
  duckdb::shared_ptr<duckdb::DynamicFilterData> bound;
};

/// An optimizer of DuckDB's: a Top-N right above a scan over decoded columns goes out of
/// the plan, and into the scan, which then copies columns of those rows alone that are
/// asked for. Where there is one thread: many would each have to copy as many.
void OrderScans(duckdb::OptimizerExtensionInput& input,
                duckdb::unique_ptr<duckdb::LogicalOperator>& plan);

/// Runs before DuckDB's optimizers: a scan without a filter of which few first rows in an
/// order are wanted becomes one over decoded columns. DuckDB would read it twice, by
/// numbers of rows.
void TakeOverFirstRows(duckdb::OptimizerExtensionInput& input,
                       duckdb::unique_ptr<duckdb::LogicalOperator>& plan);

}  // namespace shoestring
