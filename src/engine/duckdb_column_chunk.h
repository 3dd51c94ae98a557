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
#include "engine/duckdb_value_sketch.h"

namespace parquet {
class ColumnReader;
}

namespace shoestring {

/// The values of one column in one row group, decoded, in the form that DuckDB's scans
/// hand out without a copy. Texts that repeat stay numbers into a dictionary. Immutable,
/// so that any number of scans may share it.
class ColumnChunk {
 public:
  /// Of any type but lists. Reads all that the reader has, which must be `rows` values.
  /// Throws parquet::ParquetException for what is not as the footer says.
  ColumnChunk(const duckdb::LogicalType& type, parquet::ColumnReader* reader,
              duckdb::idx_t rows);

  /// The types that it can hold.
  static bool Holds(const duckdb::LogicalType& type);

  /// True when no row of the vector that begins at `row`, a multiple of a vector's size,
  /// can pass: by its bounds, or since no value of the chunk is the one that is asked
  /// for.
  bool RulesOut(const duckdb::TableFilter& filter, duckdb::idx_t row) const;

  /// The rows that pass a filter that asks for one value, where they stand together;
  /// nothing for other filters, and columns that do not ascend.
  std::optional<RowRange> RowsThatPass(const duckdb::TableFilter& filter) const;

  /// Rows from `row` on, at most a vector's size, in `to`.
  void Read(duckdb::idx_t row, duckdb::idx_t count, duckdb::Vector* to) const;
  /// `count` rows by their numbers, at most a vector's size, in `to`, which is flat and
  /// empty: a few rows as copies, since what is laid over a column costs more.
  void Pick(const duckdb::SelectionVector& rows, duckdb::idx_t count,
            duckdb::Vector* to) const;
  /// Rows by their numbers, at most a vector's size, to places of `to`, which is flat.
  void Copy(const RowCopy& copy, duckdb::Vector* to) const;

  const duckdb::LogicalType& type() const { return type_; }
  /// About as much memory as it takes, at most.
  int64_t bytes() const { return bytes_; }

 private:
  void DecodeNumbers(parquet::ColumnReader* reader, duckdb::idx_t rows);
  void DecodeTexts(parquet::ColumnReader* reader, duckdb::idx_t rows);
  void DecodeDictionary(parquet::ColumnReader* reader, duckdb::idx_t rows);
  void FindBounds(duckdb::idx_t rows);
  bool MayHold(const duckdb::Value& value) const;
  ColumnValues values() const;
  duckdb::SelectionVector Numbers(const duckdb::SelectionVector& rows,
                                  duckdb::idx_t count) const;

  const duckdb::LogicalType type_;
  const duckdb::idx_t rows_;
  bool ascends_ = false;
  std::unique_ptr<duckdb::Vector> values_;                    ///< Or, in its place:
  duckdb::buffer_ptr<duckdb::VectorChildBuffer> dictionary_;  ///< Null comes last in it.
  std::vector<duckdb::sel_t> numbers_;                        ///< Into the dictionary.
  /// Of each vector, where the type has an order that can prune.
  std::vector<duckdb::BaseStatistics> bounds_;
  std::vector<bool> sparse_;  ///< As bounds_: most values between them are not there.
  mutable std::once_flag sketching_;
  mutable std::optional<ValueSketch> sketch_;  ///< Once a value was looked for.
  duckdb::idx_t sketched_ = 0;                 ///< Values that it is, or would be, over.
  int64_t bytes_ = 0;
};

}  // namespace shoestring
