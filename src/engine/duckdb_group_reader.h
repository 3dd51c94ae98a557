#pragma once

#include <duckdb/main/client_context.hpp>

#include <memory>
#include <optional>
#include <vector>

#include "engine/duckdb_chunk_cache.h"
#include "engine/duckdb_lake_files.h"
#include "engine/duckdb_parquet_input.h"

namespace shoestring {

/// A column that a scan asks for.
struct ScannedColumn {
  duckdb::LogicalType type;
  const LakeColumn* lake_column = nullptr;  ///< nullptr: the same in all of a file,
  std::optional<size_t> partition_value;    ///< one of these, or nothing at all.
};

/// A row group of a file that is open.
struct RowGroup {
  const DataFile* data_file = nullptr;
  std::shared_ptr<CachedFile> file;
  int number = 0;

  duckdb::idx_t rows() const { return file->rows(number); }
  bool operator==(const RowGroup&) const = default;
};

/// Columns of one row group after the other, from the cache or else from their file, as a
/// thread of a scan asks for them. What Parquet finds wrong becomes an error of DuckDB's,
/// and the query's activity is told what kind it is.
class GroupReader {
 public:
  /// `columns` must outlive it. `keeps`: what is decoded has room in the cache.
  GroupReader(duckdb::ClientContext& context, const LakeReads& reads,
              const std::vector<ScannedColumn>& columns, bool keeps);

  /// Goes to a file, before any of its row groups.
  void Open(const DataFile* file);
  int groups() const { return at_.file->groups(); }
  /// True when no row of a row group of the file can pass a filter on a column.
  bool RulesOut(const duckdb::TableFilter& filter, size_t place, int group);

  void GoTo(int group);
  /// To one that was there before.
  void GoBackTo(const RowGroup& group);
  const RowGroup& at() const { return at_; }
  /// The values of a column that is in the files.
  const ColumnChunk& Chunk(size_t place);
  /// The value of one that is not.
  duckdb::Value Constant(size_t place) const;

  size_t footers_read() const { return footers_read_; }

 private:
  ParquetInput& Input();
  template <typename Function>
  auto Parsed(const Function& function) -> decltype(function());

  duckdb::ClientContext& context_;
  const LakeReads reads_;
  const std::vector<ScannedColumn>& columns_;
  const bool keeps_;
  const duckdb::shared_ptr<QueryActivity> activity_;
  RowGroup at_;
  std::optional<ParquetInput> input_;  ///< Once something has to be read.
  std::vector<std::shared_ptr<const ColumnChunk>> chunks_;  ///< By place.
  size_t footers_read_ = 0;
};

}  // namespace shoestring
