#pragma once

#include <duckdb/common/types/data_chunk.hpp>

#include <memory>
#include <vector>

#include "engine/duckdb_chunk_cache.h"
#include "engine/duckdb_lake_tables.h"

namespace shoestring {

/// Writes a copy of a table to memory: to a scan one file, of which all columns are
/// decoded already, those of the partition among them (docs/adr/0014).
class HotCopyWriter {
 public:
  explicit HotCopyWriter(std::shared_ptr<const LakeTable> table);

  /// The next rows, of all of the table's columns, in the order in which the copy is to
  /// have them.
  void Add(const duckdb::DataChunk& rows);

  int64_t rows() const { return rows_; }
  /// Of memory, for the rows so far but for those of a row group that is not full.
  int64_t bytes() const { return bytes_; }

  std::shared_ptr<const LakeTable> Finish();

 private:
  using Group = std::vector<std::shared_ptr<const ColumnChunk>>;

  void Begin();
  void EndGroup();

  const std::shared_ptr<const LakeTable> table_;
  const int64_t table_rows_;  ///< That are to come, as the catalog has it.
  int64_t rows_ = 0;
  int64_t bytes_ = 0;
  std::vector<std::unique_ptr<duckdb::Vector>> columns_;  ///< Of the group begun,
  duckdb::idx_t group_rows_ = 0;                          ///< with so many rows.
  std::vector<duckdb::idx_t> groups_rows_;                ///< Of those that are full.
  std::vector<Group> groups_;
};

}  // namespace shoestring
