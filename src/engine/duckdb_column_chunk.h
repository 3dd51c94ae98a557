#pragma once

#include <duckdb/common/types/selection_vector.hpp>
#include <duckdb/common/types/vector.hpp>
#include <duckdb/planner/table_filter.hpp>
#include <duckdb/storage/statistics/base_statistics.hpp>

#include <cstdint>
#include <memory>
#include <vector>

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
  /// can pass.
  bool RulesOut(const duckdb::TableFilter& filter, duckdb::idx_t row) const;

  /// Rows from `row` on, at most a vector's size, in `to`.
  void Read(duckdb::idx_t row, duckdb::idx_t count, duckdb::Vector* to) const;

  const duckdb::LogicalType& type() const { return type_; }
  /// About as much memory as it takes.
  int64_t bytes() const { return bytes_; }

 private:
  void DecodeTexts(parquet::ColumnReader* reader, duckdb::idx_t rows);
  void DecodeDictionary(parquet::ColumnReader* reader, duckdb::idx_t rows);
  void FindBounds(duckdb::idx_t rows);

  const duckdb::LogicalType type_;
  std::unique_ptr<duckdb::Vector> values_;                    ///< Or, in its place:
  duckdb::buffer_ptr<duckdb::VectorChildBuffer> dictionary_;  ///< Null comes last in it.
  std::vector<duckdb::sel_t> numbers_;                        ///< Into the dictionary.
  /// Of each vector, where the type has an order that can prune.
  std::vector<duckdb::BaseStatistics> bounds_;
  int64_t bytes_ = 0;
};

}  // namespace shoestring
