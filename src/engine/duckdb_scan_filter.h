#pragma once

#include <duckdb/common/types/selection_vector.hpp>
#include <duckdb/common/types/vector.hpp>
#include <duckdb/planner/table_filter.hpp>
#include <duckdb/planner/table_filter_state.hpp>

#include <cstddef>
#include <vector>

namespace shoestring {

/// Of more values than these DuckDB finds the rows sooner, by a hash table.
inline constexpr size_t kMostValues = 16;

/// A filter on one column of a scan, by the column's place in it.
struct PlacedFilter {
  size_t place = 0;
  const duckdb::TableFilter* filter = nullptr;
  /// What it asks for, ascending, when that is one value or any of a few.
  std::vector<duckdb::Value> values;
};

/// The filters of a scan, taken apart where all of several must pass, in the order in
/// which they are best asked: numbers first, as they take less to compare and their
/// bounds rule out more; those that a scan need not keep last. `types` are those of the
/// places. The set must outlive what is made of it.
std::vector<PlacedFilter> InOrder(const duckdb::TableFilterSet& set,
                                  const duckdb::vector<duckdb::LogicalType>& types);

/// Whether one of them asks for that many values at most: such a scan may find its rows
/// without looking at many others.
bool AskForValues(const duckdb::TableFilterSet& set, size_t most);

/// A filter as one thread applies it.
class ScanFilter {
 public:
  /// `placed` must outlive it.
  ScanFilter(duckdb::ClientContext& context, const PlacedFilter& placed);

  size_t place() const { return placed_.place; }
  const PlacedFilter& placed() const { return placed_; }

  /// Takes those of the first `count` values that do not pass out of `selection`, which
  /// has `passed` rows.
  void Select(duckdb::Vector* values, duckdb::idx_t count,
              duckdb::SelectionVector* selection, duckdb::idx_t* passed);

  bool settled = false;  ///< All rows that the scan still looks at pass.

 private:
  duckdb::ClientContext& context_;
  const PlacedFilter& placed_;
  duckdb::unique_ptr<duckdb::TableFilterState> state_;
};

}  // namespace shoestring
