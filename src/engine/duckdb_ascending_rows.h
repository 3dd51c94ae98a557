#pragma once

#include <duckdb/common/types/value.hpp>
#include <duckdb/common/types/vector.hpp>

namespace shoestring {

/// Rows of a row group, from `begin` to before `end`.
struct RowRange {
  duckdb::idx_t begin = 0;
  duckdb::idx_t end = 0;

  bool empty() const { return begin >= end; }
};

/// The values of `rows` rows: of a flat vector, or numbers of entries in it.
struct ColumnValues {
  const duckdb::Vector& values;
  const duckdb::sel_t* numbers = nullptr;
  duckdb::idx_t rows = 0;
};

/// True when none is null and none less than the one before. Of integers, what DuckDB
/// holds as such, and texts; false for other types.
bool Ascends(const ColumnValues& column);

/// The rows of a column that ascends which have this value, of the column's type.
RowRange RowsEqual(const ColumnValues& column, const duckdb::Value& value);

}  // namespace shoestring
