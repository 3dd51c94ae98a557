#include "engine/duckdb_bounds.h"

#include <duckdb/storage/statistics/numeric_stats.hpp>
#include <duckdb/storage/statistics/string_stats.hpp>

#include <cstring>
#include <string_view>

#include "engine/duckdb_lake_tables.h"

namespace shoestring {

namespace {

using duckdb::Value;

template <typename T>
T LoadLittleEndian(std::string_view bytes) {
  T value;
  std::memcpy(&value, bytes.data(), sizeof(T));
  return value;
}

/// An Iceberg decimal bound, as short as can be.
Value DecimalBound(const LakeType& type, std::string_view bytes) {
  if (bytes.empty() || bytes.size() > kMostWideBytes) return Value();
  const duckdb::hugeint_t value = WideInteger(AsBytes(bytes));
  const auto precision = static_cast<uint8_t>(type.precision);
  const auto scale = static_cast<uint8_t>(type.scale);
  if (precision <= 18) {
    return Value::DECIMAL(static_cast<int64_t>(value.lower), precision, scale);
  }
  return Value::DECIMAL(value, precision, scale);
}

/// A bound of a numeric column as DuckDB's value, null for one that cannot prune. Floats
/// cannot: their bounds leave out NaN, which compares as the greatest.
Value NumericBound(const LakeType& type, std::string_view bytes) {
  using Kind = LakeType::Kind;
  if (type.kind == Kind::kDecimal) return DecimalBound(type, bytes);
  const bool narrow = type.kind == Kind::kInt || type.kind == Kind::kDate;
  if (bytes.size() != (narrow ? sizeof(int32_t) : sizeof(int64_t))) return Value();
  switch (type.kind) {
    case Kind::kInt: return Value::INTEGER(LoadLittleEndian<int32_t>(bytes));
    case Kind::kDate:
      return Value::DATE(duckdb::date_t(LoadLittleEndian<int32_t>(bytes)));
    case Kind::kLong: return Value::BIGINT(LoadLittleEndian<int64_t>(bytes));
    case Kind::kTimestamp:
      return Value::TIMESTAMP(duckdb::timestamp_t(LoadLittleEndian<int64_t>(bytes)));
    case Kind::kTimestampTz:
      return Value::TIMESTAMPTZ(duckdb::timestamp_tz_t(LoadLittleEndian<int64_t>(bytes)));
    default: return Value();
  }
}

bool HasUsefulBounds(const LakeType& type) {
  using Kind = LakeType::Kind;
  switch (type.kind) {
    case Kind::kInt:
    case Kind::kLong:
    case Kind::kDecimal:
    case Kind::kDate:
    case Kind::kTimestamp:
    case Kind::kTimestampTz:
    case Kind::kString: return true;
    default: return false;
  }
}

}  // namespace

std::optional<duckdb::BaseStatistics> StatisticsOf(const LakeColumn& column,
                                                   const ColumnStatistics& known) {
  if (!HasUsefulBounds(column.type)) return std::nullopt;
  auto statistics = duckdb::BaseStatistics::CreateUnknown(DuckdbType(column.type));
  if (known.null_count == 0) statistics.Set(duckdb::StatsInfo::CANNOT_HAVE_NULL_VALUES);
  if (known.value_count > 0 && known.null_count == known.value_count) {
    statistics.Set(duckdb::StatsInfo::CANNOT_HAVE_VALID_VALUES);
  }
  if (!known.lower || !known.upper) return statistics;
  if (column.type.kind == LakeType::Kind::kString) {
    duckdb::StringStats::SetMin(statistics, duckdb::string_t(*known.lower));
    duckdb::StringStats::SetMax(statistics, duckdb::string_t(*known.upper));
    return statistics;
  }
  const Value lower = NumericBound(column.type, *known.lower);
  const Value upper = NumericBound(column.type, *known.upper);
  if (lower.IsNull() || upper.IsNull()) return statistics;
  duckdb::NumericStats::SetMin(statistics, lower);
  duckdb::NumericStats::SetMax(statistics, upper);
  return statistics;
}

std::optional<bool> Decides(const duckdb::TableFilter& filter,
                            const duckdb::BaseStatistics& known) {
  using Result = duckdb::FilterPropagateResult;
  // A filter only looks at them, though it takes them as if it could do more.
  const Result result =
      filter.CheckStatistics(const_cast<duckdb::BaseStatistics&>(known));
  if (result == Result::FILTER_ALWAYS_FALSE) return false;
  // The bounds of texts are cut short.
  const bool exact = known.GetType().InternalType() != duckdb::PhysicalType::VARCHAR ||
                     filter.filter_type == duckdb::TableFilterType::IS_NOT_NULL;
  const bool all = result == Result::FILTER_ALWAYS_TRUE && exact && !known.CanHaveNull();
  return all ? std::optional(true) : std::nullopt;
}

bool RulesOut(const duckdb::TableFilter& filter, const duckdb::BaseStatistics& known) {
  return Decides(filter, known) == false;
}

bool RulesOut(const duckdb::TableFilter& filter, const LakeColumn& column,
              const DataFile& file) {
  const auto known = file.columns.find(column.field_id);
  if (known == file.columns.end()) return false;
  const auto statistics = StatisticsOf(column, known->second);
  return statistics && RulesOut(filter, *statistics);
}

const FileBounds::Column& FileBounds::Of(size_t column) const {
  const std::lock_guard lock(mutex_);
  auto& kept = columns_[column];
  if (kept) return *kept;
  const LakeColumn& described = table_.columns.at(column);
  Column bounds;
  bounds.reserve(table_.files.size());
  for (const DataFile& file : table_.files) {
    const auto known = file.columns.find(described.field_id);
    bounds.push_back(known == file.columns.end()
                         ? std::nullopt
                         : StatisticsOf(described, known->second));
  }
  kept = std::make_unique<const Column>(std::move(bounds));
  return *kept;
}

}  // namespace shoestring
