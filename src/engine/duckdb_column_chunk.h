#pragma once

#include <duckdb/common/types/selection_vector.hpp>
#include <duckdb/common/types/vector.hpp>
#include <duckdb/planner/table_filter.hpp>
#include <duckdb/storage/statistics/base_statistics.hpp>

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "engine/duckdb_ascending_rows.h"
#include "engine/duckdb_row_copy.h"
#include "engine/duckdb_scan_filter.h"
#include "engine/duckdb_value_sketch.h"

namespace parquet {
class ColumnReader;
}

namespace shoestring {

/// What a chunk has of its row group.
struct ChunkRows {
  duckdb::idx_t count = 0;
  /// Which of the row group's vectors they are, in its order.
  std::vector<bool> vectors;
  /// What else is known of each of them; may be empty.
  std::vector<std::optional<duckdb::BaseStatistics>> bounds;
};

/// The values of one column in one row group, or of some of its vectors, decoded, in the
/// form that DuckDB's scans hand out without a copy. Texts that repeat stay numbers into
/// a dictionary. Immutable, so that any number of scans may share it.
class ColumnChunk {
 public:
  /// Of a type that it can read. Reads all that the reader has, which must be those rows;
  /// it may be nullptr when there are none. Throws parquet::ParquetException for what is
  /// not as the footer says.
  ColumnChunk(const duckdb::LogicalType& type, parquet::ColumnReader* reader,
              const ChunkRows& rows);

  /// Of a row group as a whole that stands in memory already: the first `rows` of a flat
  /// vector, of any type.
  ColumnChunk(std::unique_ptr<duckdb::Vector> values, duckdb::idx_t rows);

  /// The types that it can read from a file.
  static bool CanRead(const duckdb::LogicalType& type);

  // A vector is called by the row it begins at, a multiple of a vector's size.

  /// How many it has.
  duckdb::idx_t rows() const { return rows_; }
  bool whole() const { return whole_; }
  bool Has(duckdb::idx_t row) const { return places_[row / kVector] != kAbsent; }
  /// True when no row of the vector can pass: by its bounds, or since no value of the
  /// chunk is the one that is asked for. May be asked of one that is not here.
  bool RulesOut(const PlacedFilter& filter, duckdb::idx_t row) const;

  /// Those of the rows that pass a filter that asks for values, where the rows of each
  /// value stand together; nothing for other filters, and columns that do not ascend.
  /// The rows are those of a vector that is here, or all of a column that is whole.
  std::optional<RowRanges> RowsThatPass(const PlacedFilter& filter, RowRange rows) const;

  /// The first `count` rows of a vector that is here, in `to`.
  void Read(duckdb::idx_t row, duckdb::idx_t count, duckdb::Vector* to) const;
  /// Rows of vectors that are here, `count` by their numbers in the row group, at most a
  /// vector's size, in `to`, which is flat and empty: a few rows as copies, since what is
  /// laid over a column costs more.
  void Pick(const duckdb::SelectionVector& rows, duckdb::idx_t count,
            duckdb::Vector* to) const;
  /// Such rows to places of `to`, which is flat.
  void Copy(const RowCopy& copy, duckdb::Vector* to) const;

  const duckdb::LogicalType& type() const { return type_; }
  /// About as much memory as it takes, at most.
  int64_t bytes() const { return bytes_; }

 private:
  static constexpr duckdb::idx_t kVector = STANDARD_VECTOR_SIZE;
  static constexpr duckdb::idx_t kAbsent = duckdb::DConstants::INVALID_INDEX;

  void Place(const std::vector<bool>& vectors);
  void DecodeNumbers(parquet::ColumnReader* reader);
  void DecodeTexts(parquet::ColumnReader* reader);
  void DecodeDictionary(parquet::ColumnReader* reader);
  void NumberTexts();
  void Finish(const ChunkRows& rows);
  void KeepBounds(const ChunkRows& rows);
  void FindBounds();
  bool MayHold(const duckdb::Value& value) const;
  ColumnValues Values(RowRange places) const;
  duckdb::SelectionVector Places(const duckdb::SelectionVector& rows,
                                 duckdb::idx_t count) const;
  duckdb::SelectionVector Numbers(const duckdb::SelectionVector& places,
                                  duckdb::idx_t count) const;

  const duckdb::LogicalType type_;
  const duckdb::idx_t rows_;
  std::vector<duckdb::idx_t> places_;  ///< Of each vector among the rows, or kAbsent.
  bool whole_ = false;                 ///< No vector is absent.
  bool ascends_ = false;               ///< What there is of it.
  std::unique_ptr<duckdb::Vector> values_;                    ///< Or, in its place:
  duckdb::buffer_ptr<duckdb::VectorChildBuffer> dictionary_;  ///< Null comes last in it.
  std::vector<duckdb::sel_t> numbers_;                        ///< Into the dictionary.
  /// Of each vector, where something can prune: its own, or what the file says.
  std::vector<duckdb::BaseStatistics> bounds_;
  std::vector<bool> sparse_;  ///< As bounds_: most values between them are not there.
  mutable std::once_flag sketching_;
  mutable std::optional<ValueSketch> sketch_;  ///< Once a value was looked for.
  duckdb::idx_t sketched_ = 0;                 ///< Values that it is, or would be, over.
  int64_t bytes_ = 0;
};

}  // namespace shoestring
