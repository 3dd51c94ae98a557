#pragma once

#include <duckdb/common/types/value.hpp>
#include <duckdb/common/types/vector.hpp>

#include <vector>

namespace shoestring {

/// Rows of a row group, from `begin` to before `end`.
struct RowRange {
  duckdb::idx_t begin = 0;
  duckdb::idx_t end = 0;

  bool empty() const { return begin >= end; }
};

/// In the order of the rows, none of which is in two.
using RowRanges = std::vector<RowRange>;

/// The values of rows: of a flat vector, or numbers of entries in it.
struct ColumnValues {
  const duckdb::Vector& values;
  const duckdb::sel_t* numbers = nullptr;
  RowRange rows;
};

/// True when none is null and none less than the one before. Of integers, what DuckDB
/// holds as such, and texts; false for other types.
bool Ascends(const ColumnValues& column);

/// The rows of a column that ascends which have one of these values, of the column's
/// type, which ascend.
RowRanges RowsEqual(const ColumnValues& column, const std::vector<duckdb::Value>& values);

/// The rows that are in both.
RowRanges Common(const RowRanges& one, const RowRanges& other);

}  // namespace shoestring
