#pragma once

#include <duckdb/common/types/data_chunk.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "engine/column_pages.h"
#include "engine/duckdb_chunk_cache.h"
#include "engine/duckdb_lake_files.h"
#include "engine/duckdb_parquet_input.h"
#include "engine/duckdb_scan_filter.h"

namespace shoestring {

/// A column that a scan looks at.
struct ScannedColumn {
  duckdb::LogicalType type;
  const LakeColumn* lake_column = nullptr;  ///< nullptr: the same in all of a file,
  std::optional<size_t> partition_value;    ///< one of these, or nothing at all.
};

/// What a scan does with each file. Columns are called by their places.
struct FileScan {
  LakeReads reads;
  std::vector<ScannedColumn> columns;
  std::vector<PlacedFilter> filters;
  bool keeps = true;  ///< What is decoded has room in the cache.
};

/// One data file as one thread scans it: row group after row group, of each column the
/// vectors that the filters leave. Errors are DuckDB's, and told to the query's activity.
class ScannedFile {
 public:
  /// `scan` must outlive it.
  ScannedFile(duckdb::ClientContext& context, const FileScan& scan, const DataFile& file);

  const DataFile& data_file() const { return data_file_; }
  /// True when its footer had to be read.
  bool is_new() const { return is_new_; }
  int groups() const { return file_->groups(); }
  /// True when no row of the row group can pass.
  bool RulesOut(int group);

  /// Goes to a row group.
  void Begin(int group);
  int group() const { return group_; }
  duckdb::idx_t rows() const { return rows_; }

  // Of the row group; vectors are called by the row they begin at.

  /// True when all its rows pass a filter.
  bool Settles(const PlacedFilter& filter);
  /// What is decoded already of a column that is in the files; nullptr for nothing.
  const ColumnChunk* Find(size_t place);
  /// What there is of a column, which may lack the vectors that the filters rule out.
  const ColumnChunk& Known(size_t place);
  /// The column with this vector.
  const ColumnChunk& Chunk(size_t place, duckdb::idx_t row);
  /// The column with the vectors of these rows.
  const ColumnChunk& ChunkWith(size_t place, const duckdb::SelectionVector& rows,
                               duckdb::idx_t count);
  /// The value of a column that is not in the files.
  duckdb::Value Constant(size_t place) const;
  /// False for a vector of which it is known by now that no row can pass.
  bool Wants(duckdb::idx_t row) const;
  /// Whether a row of the vector may pass a filter, and all others.
  bool MayPass(const PlacedFilter& filter, duckdb::idx_t row);

 private:
  using Vectors = std::vector<bool>;
  using Bounds = std::vector<std::optional<duckdb::BaseStatistics>>;

  void FindLeaves();
  std::optional<bool> Decides(const PlacedFilter& filter, int group);
  const ColumnChunk& Decode(size_t place, Vectors vectors);
  std::shared_ptr<const ColumnChunk> Read(size_t place, const Vectors& vectors);
  ColumnPages Pages(size_t place);
  Bounds BoundsOf(size_t place, const ColumnPages& pages) const;
  const Vectors& Wanted();
  void LeaveOut(const PlacedFilter& filter);
  ParquetInput& Input();
  template <typename Function>
  auto Parsed(const Function& function) -> decltype(function());

  duckdb::ClientContext& context_;
  const FileScan& scan_;
  const DataFile& data_file_;
  std::shared_ptr<CachedFile> file_;
  bool is_new_ = false;
  std::optional<ParquetInput> input_;  ///< Once something has to be read.
  std::vector<int> leaves_;            ///< Of the file, by place.
  int group_ = 0;
  duckdb::idx_t rows_ = 0;  ///< Of the row group.
  Vectors wanted_;          ///< Its vectors, once something had to be read.
  std::vector<std::shared_ptr<const ColumnChunk>> chunks_;  ///< Of it, by place.
};

}  // namespace shoestring
