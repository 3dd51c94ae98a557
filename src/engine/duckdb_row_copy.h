#pragma once

#include <duckdb/common/types/selection_vector.hpp>
#include <duckdb/common/types/vector.hpp>

namespace shoestring {

/// Which rows are copied, and to which places each.
struct RowCopy {
  const duckdb::SelectionVector& rows;
  duckdb::idx_t count;
  const duckdb::SelectionVector& places;
};

/// Between flat vectors of one type; texts stay where they are, and `to` keeps
/// them.
void CopyRows(const duckdb::Vector& from, const RowCopy& copy, duckdb::Vector* to);

}  // namespace shoestring
