#include "engine/duckdb_ascending_rows.h"

#include <duckdb.hpp>
#include <duckdb/common/types/hugeint.hpp>

#include <algorithm>

namespace shoestring {

namespace {

using duckdb::FlatVector;
using duckdb::idx_t;
using duckdb::PhysicalType;

/// Calls `function` with what gives the value of a row, a zero of its type, and returns
/// its answer; `otherwise` for types that are not looked at.
template <typename Answer, typename Function>
Answer WithValues(const ColumnValues& column, Answer otherwise,
                  const Function& function) {
  const auto flat = [&]<typename Value>(Value) {
    const auto* values = FlatVector::GetData<Value>(column.values);
    if (!column.numbers) return function([=](idx_t row) { return values[row]; }, Value());
    return function(
        [=, numbers = column.numbers](idx_t row) { return values[numbers[row]]; },
        Value());
  };
  // NOLINTBEGIN(bugprone-branch-clone): they differ in their types.
  switch (column.values.GetType().InternalType()) {
    case PhysicalType::INT16: return flat(int16_t());
    case PhysicalType::INT32: return flat(int32_t());
    case PhysicalType::INT64: return flat(int64_t());
    case PhysicalType::INT128: return flat(duckdb::hugeint_t());
    case PhysicalType::VARCHAR: return flat(duckdb::string_t());
    default: return otherwise;
  }
  // NOLINTEND(bugprone-branch-clone)
}

template <typename Type>
Type As(const duckdb::Value& value, Type) {
  return value.GetValueUnsafe<Type>();
}
duckdb::string_t As(const duckdb::Value& value, duckdb::string_t) {
  return duckdb::string_t(duckdb::StringValue::Get(value));
}

bool HasNulls(const ColumnValues& column) {
  const auto& valid = FlatVector::Validity(column.values);
  if (valid.AllValid()) return false;
  for (idx_t row = column.rows.begin; row < column.rows.end; ++row) {
    if (!valid.RowIsValid(column.numbers ? column.numbers[row] : row)) return true;
  }
  return false;
}

/// The first row from `begin` on for which `before` is false, when it is true for those
/// that come first.
template <typename Before>
idx_t FirstAfter(idx_t begin, idx_t end, const Before& before) {
  while (begin < end) {
    const idx_t middle = begin + (end - begin) / 2;
    if (before(middle)) {
      begin = middle + 1;
    } else {
      end = middle;
    }
  }
  return begin;
}

}  // namespace

bool Ascends(const ColumnValues& column) {
  const auto ascends = [&](const auto& at, auto) {
    for (idx_t row = column.rows.begin + 1; row < column.rows.end; ++row) {
      if (at(row) < at(row - 1)) return false;
    }
    return true;
  };
  return !HasNulls(column) && WithValues(column, false, ascends);
}

RowRanges RowsEqual(const ColumnValues& column,
                    const std::vector<duckdb::Value>& values) {
  return WithValues(column, RowRanges(), [&](const auto& at, auto zero) {
    RowRanges found;
    idx_t end = column.rows.begin;
    for (const duckdb::Value& value : values) {
      const auto wanted = As(value, zero);
      // Most columns that are asked have no such value: their ends tell soonest.
      if (end == column.rows.end || at(column.rows.end - 1) < wanted) break;
      if (wanted < at(end)) continue;
      const idx_t begin =
          FirstAfter(end, column.rows.end, [&](idx_t row) { return at(row) < wanted; });
      end = FirstAfter(begin, column.rows.end,
                       [&](idx_t row) { return !(wanted < at(row)); });
      if (begin < end) found.push_back({begin, end});
    }
    return found;
  });
}

RowRanges Common(const RowRanges& one, const RowRanges& other) {
  RowRanges common;
  for (auto a = one.begin(), b = other.begin(); a != one.end() && b != other.end();) {
    const RowRange both{std::max(a->begin, b->begin), std::min(a->end, b->end)};
    if (!both.empty()) common.push_back(both);
    if (a->end < b->end) {
      ++a;
    } else {
      ++b;
    }
  }
  return common;
}

}  // namespace shoestring
