#include "engine/duckdb_file_pruner.h"

#include <duckdb/execution/expression_executor.hpp>
#include <duckdb/optimizer/filter_combiner.hpp>
#include <duckdb/planner/expression/bound_columnref_expression.hpp>
#include <duckdb/planner/expression/bound_constant_expression.hpp>
#include <duckdb/planner/expression_iterator.hpp>
#include <duckdb/planner/table_filter.hpp>
#include <duckdb/storage/statistics/base_statistics.hpp>

#include <cstring>
#include <map>
#include <string_view>

namespace shoestring {

namespace {

using duckdb::Expression;
using duckdb::idx_t;
using duckdb::Value;

template <typename T>
T LoadLittleEndian(std::string_view bytes) {
  T value;
  std::memcpy(&value, bytes.data(), sizeof(T));
  return value;
}

/// An Iceberg decimal bound: big-endian two's complement, as short as can be.
Value DecimalBound(const LakeType& type, std::string_view bytes) {
  if (bytes.empty() || bytes.size() > sizeof(__int128)) return Value();
  __int128 value = static_cast<signed char>(bytes.front()) < 0 ? -1 : 0;
  for (const char byte : bytes) value = value * 256 + static_cast<uint8_t>(byte);
  const auto precision = static_cast<uint8_t>(type.precision);
  const auto scale = static_cast<uint8_t>(type.scale);
  if (precision <= 18) {
    return Value::DECIMAL(static_cast<int64_t>(value), precision, scale);
  }
  const duckdb::hugeint_t wide(static_cast<int64_t>(value >> 64),
                               static_cast<uint64_t>(value));
  return Value::DECIMAL(wide, precision, scale);
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

bool RulesOut(const duckdb::TableFilter& filter, const LakeColumn& column,
              const DataFile& file) {
  const auto known = file.columns.find(column.field_id);
  if (known == file.columns.end()) return false;
  auto statistics = StatisticsOf(column, known->second);
  return statistics && filter.CheckStatistics(*statistics) ==
                           duckdb::FilterPropagateResult::FILTER_ALWAYS_FALSE;
}

void FilePruner::PruneByPartition(DuckdbExpressions* filters, FileSet* files) const {
  std::erase_if(*filters, [&](const auto& filter) {
    if (!OnlyPartitionColumns(*filter)) return false;
    std::map<PartitionValues, std::optional<bool>> answers;
    for (const DataFile* file : *files) {
      auto [entry, is_new] = answers.try_emplace(file->partition);
      if (is_new) entry->second = Evaluate(*filter, file->partition);
      if (!entry->second) return false;
    }
    std::erase_if(*files,
                  [&](const DataFile* file) { return !*answers.at(file->partition); });
    return true;
  });
}

void FilePruner::PruneByBounds(const DuckdbExpressions& filters, FileSet* files) const {
  duckdb::FilterCombiner combiner(context_);
  for (const auto& filter : filters) combiner.AddFilter(filter->Copy());
  duckdb::vector<duckdb::FilterPushdownResult> ignored;
  const auto set = combiner.GenerateTableScanFilters(info_.column_indexes, ignored);
  for (const auto& [column, filter] : set.filters) {
    if (column >= table_.metadata.columns.size()) continue;
    const LakeColumn& lake_column = table_.metadata.columns[column];
    std::erase_if(*files, [&, &filter = filter](const DataFile* file) {
      return RulesOut(*filter, lake_column, *file);
    });
  }
}

/// The partition's column that an expression names, if it does.
std::optional<size_t> FilePruner::PartitionColumn(const Expression& expression) const {
  const auto& reference = expression.Cast<duckdb::BoundColumnRefExpression>();
  if (reference.binding.table_index != info_.table_index) return std::nullopt;
  const idx_t column = info_.column_ids[reference.binding.column_index];
  const size_t first = table_.metadata.columns.size();
  if (column < first || column >= table_.names.size()) return std::nullopt;
  return column - first;
}

bool FilePruner::OnlyPartitionColumns(const Expression& filter) const {
  if (filter.IsVolatile() || filter.HasSubquery() || filter.HasParameter()) return false;
  if (filter.GetExpressionType() == duckdb::ExpressionType::BOUND_COLUMN_REF) {
    return PartitionColumn(filter).has_value();
  }
  bool only = true;
  duckdb::ExpressionIterator::EnumerateChildren(filter, [&](const Expression& child) {
    only = only && OnlyPartitionColumns(child);
  });
  return only;
}

void FilePruner::Substitute(duckdb::unique_ptr<Expression>& expression,
                            const PartitionValues& values) const {
  if (expression->GetExpressionType() == duckdb::ExpressionType::BOUND_COLUMN_REF) {
    const int32_t value = values.at(*PartitionColumn(*expression));
    expression =
        duckdb::make_uniq<duckdb::BoundConstantExpression>(Value::INTEGER(value));
    return;
  }
  duckdb::ExpressionIterator::EnumerateChildren(
      *expression,
      [&](duckdb::unique_ptr<Expression>& child) { Substitute(child, values); });
}

/// Whether rows of a partition pass; nothing when that cannot be said beforehand.
std::optional<bool> FilePruner::Evaluate(const Expression& filter,
                                         const PartitionValues& values) const {
  auto copy = filter.Copy();
  Substitute(copy, values);
  Value result;
  if (!copy->IsFoldable() ||
      !duckdb::ExpressionExecutor::TryEvaluateScalar(context_, *copy, result)) {
    return std::nullopt;
  }
  return !result.IsNull() && result.GetValue<bool>();
}

}  // namespace shoestring
