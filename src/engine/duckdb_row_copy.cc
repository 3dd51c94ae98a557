#include "engine/duckdb_row_copy.h"

#include <duckdb.hpp>
#include <duckdb/common/types/hugeint.hpp>

namespace shoestring {

namespace {

using duckdb::FlatVector;
using duckdb::idx_t;
using duckdb::PhysicalType;
using duckdb::Vector;

template <typename Value>
void CopyRowsOf(const Vector& from, const RowCopy& copy, Vector* to) {
  const auto* values = FlatVector::GetData<Value>(from);
  auto* copies = FlatVector::GetData<Value>(*to);
  for (idx_t i = 0; i < copy.count; ++i) {
    copies[copy.places.get_index(i)] = values[copy.rows.get_index(i)];
  }
  const auto& valid = FlatVector::Validity(from);
  if (valid.AllValid()) return;
  for (idx_t i = 0; i < copy.count; ++i) {
    if (valid.RowIsValid(copy.rows.get_index(i))) continue;
    FlatVector::SetNull(*to, copy.places.get_index(i), true);
  }
}

/// One after the other: a list's values have places of their own.
void CopyLists(const Vector& from, const RowCopy& copy, Vector* to) {
  for (idx_t i = 0; i < copy.count; ++i) {
    const idx_t row = copy.rows.get_index(i);
    duckdb::VectorOperations::Copy(from, *to, row + 1, row, copy.places.get_index(i));
  }
}

}  // namespace

void CopyRows(const Vector& from, const RowCopy& copy, Vector* to) {
  switch (from.GetType().InternalType()) {
    case PhysicalType::BOOL: return CopyRowsOf<bool>(from, copy, to);
    case PhysicalType::INT16: return CopyRowsOf<int16_t>(from, copy, to);
    case PhysicalType::INT32: return CopyRowsOf<int32_t>(from, copy, to);
    case PhysicalType::INT64: return CopyRowsOf<int64_t>(from, copy, to);
    case PhysicalType::FLOAT: return CopyRowsOf<float>(from, copy, to);
    case PhysicalType::DOUBLE: return CopyRowsOf<double>(from, copy, to);
    case PhysicalType::INT128: return CopyRowsOf<duckdb::hugeint_t>(from, copy, to);
    case PhysicalType::LIST: return CopyLists(from, copy, to);
    default: break;
  }
  CopyRowsOf<duckdb::string_t>(from, copy, to);
  duckdb::StringVector::AddHeapReference(*to, const_cast<Vector&>(from));
}

}  // namespace shoestring
