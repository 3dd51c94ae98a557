#pragma once

#include <duckdb/common/multi_file/multi_file_list.hpp>
#include <duckdb/planner/expression.hpp>

#include <optional>
#include <vector>

#include "engine/duckdb_lake_tables.h"

namespace shoestring {

using DuckdbExpressions = duckdb::vector<duckdb::unique_ptr<duckdb::Expression>>;
using FileSet = std::vector<const DataFile*>;

/// Takes files out of a scan before it starts, by what the catalog knows of them. One
/// thread; must not outlive what it is made from.
class FilePruner {
 public:
  FilePruner(duckdb::ClientContext& context, const LakeTable& table,
             const duckdb::MultiFilePushdownInfo& info)
      : context_(context), table_(table), info_(info) {}

  /// Applies the filters that the partition decides, and takes them off the list.
  void PruneByPartition(DuckdbExpressions* filters, FileSet* files) const;

  /// Drops files in which no row can pass; the filters stay.
  void PruneByBounds(const DuckdbExpressions& filters, FileSet* files) const;

 private:
  void Prune(const duckdb::TableFilter& filter, size_t column, FileSet* files) const;
  std::optional<size_t> PartitionColumn(const duckdb::Expression& reference) const;
  bool OnlyPartitionColumns(const duckdb::Expression& filter) const;
  void Substitute(duckdb::unique_ptr<duckdb::Expression>& expression,
                  const PartitionValues& values) const;
  std::optional<bool> Evaluate(const duckdb::Expression& filter,
                               const PartitionValues& values) const;

  duckdb::ClientContext& context_;
  const LakeTable& table_;
  const duckdb::MultiFilePushdownInfo& info_;
};

}  // namespace shoestring
