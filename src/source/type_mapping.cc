#include "source/type_mapping.h"

#include <arrow/type.h>

#include <array>
#include <string_view>

#include "source/numeric.h"

namespace shoestring {

namespace {

constexpr int32_t kTypmodHeader = 4;
constexpr int kMaxDecimalDigits = 38;

struct Rule {
  std::string_view type;  ///< pg_type.typname.
  Wire wire;
  std::shared_ptr<arrow::DataType> (*lake)();
  std::string_view note;
};

std::shared_ptr<arrow::DataType> Micros() {
  return arrow::timestamp(arrow::TimeUnit::MICRO);
}
std::shared_ptr<arrow::DataType> MicrosUtc() {
  return arrow::timestamp(arrow::TimeUnit::MICRO, "UTC");
}
std::shared_ptr<arrow::DataType> Text() { return arrow::utf8(); }

const std::array kRules = {
    Rule{"bool", Wire::kBoolean, [] { return arrow::boolean(); }, ""},
    Rule{"int2", Wire::kInt16, [] { return arrow::int32(); }, "widened to 32 bits"},
    Rule{"int4", Wire::kInt32, [] { return arrow::int32(); }, ""},
    Rule{"int8", Wire::kInt64, [] { return arrow::int64(); }, ""},
    Rule{"oid", Wire::kOid, [] { return arrow::int64(); }, "widened to 64 bits"},
    Rule{"float4", Wire::kFloat32, [] { return arrow::float32(); }, ""},
    Rule{"float8", Wire::kFloat64, [] { return arrow::float64(); }, ""},
    Rule{"date", Wire::kDate, [] { return arrow::date32(); }, ""},
    Rule{"timestamp", Wire::kTimestamp, Micros, ""},
    Rule{"timestamptz", Wire::kTimestamp, MicrosUtc, "as UTC"},
    Rule{"text", Wire::kText, Text, ""},
    Rule{"varchar", Wire::kText, Text, ""},
    Rule{"name", Wire::kText, Text, ""},
    Rule{"bpchar", Wire::kBlankPadded, Text, "without the blanks that pad it"},
    Rule{"uuid", Wire::kUuid, Text, "as 36 characters"},
    Rule{"json", Wire::kText, Text, "as text, byte for byte"},
    Rule{"jsonb", Wire::kJsonb, Text, "as Postgres prints it"},
    Rule{"bytea", Wire::kBytes, [] { return arrow::binary(); }, ""},
};

const Rule* FindRule(std::string_view type) {
  for (const Rule& rule : kRules) {
    if (rule.type == type) return &rule;
  }
  return nullptr;
}

[[noreturn]] void Refuse(const std::string& table, const SourceColumn& column,
                         std::string_view why) {
  throw Fail(ErrorKind::kUnsupported,
             "Column {}.{} has type {}, {}. Way out: a view that casts it (for example "
             "{}::text), migrated with --table; or leave the table out with --exclude {}",
             table, column.name, column.type.name, why, QuoteIdentifier(column.name),
             table);
}

struct Resolved {
  Wire wire;
  std::shared_ptr<arrow::DataType> type;
  std::string note;
};

Resolved MapNumeric(const std::string& table, const SourceColumn& column) {
  if (column.type.typmod < kTypmodHeader) {
    Refuse(table, column,
           "which has no stated precision, so no decimal is sure to hold it exactly");
  }
  const NumericSize size = NumericSizeOfTypmod(column.type.typmod);
  const int scale = std::max(size.scale, 0);
  const int precision = std::max(size.precision - std::min(size.scale, 0), scale);
  if (precision > kMaxDecimalDigits) {
    Refuse(table, column, "which is wider than the 38 digits that a decimal has");
  }
  return {Wire::kNumeric, arrow::decimal128(precision, scale), ""};
}

Resolved MapScalar(const std::string& table, const SourceColumn& column,
                   const std::string& name, char kind, bool is_system) {
  if (kind == 'e') return {Wire::kText, arrow::utf8(), "enum as its label"};
  if (name == "numeric" && is_system) return MapNumeric(table, column);
  const Rule* rule = is_system ? FindRule(name) : nullptr;
  if (rule == nullptr) Refuse(table, column, "which this version does not copy");
  return {rule->wire, rule->lake(), std::string(rule->note)};
}

}  // namespace

ColumnMapping MapColumn(const std::string& table, const SourceColumn& column) {
  const SourceType& type = column.type;
  if (!type.is_array) {
    auto [wire, lake, note] =
        MapScalar(table, column, type.base_name, type.kind, type.is_system);
    return {column.name, wire, Wire::kText, std::move(lake), std::move(note)};
  }
  auto [wire, element, note] =
      MapScalar(table, column, type.element_name, type.element_kind, type.is_system);
  return {column.name, Wire::kArray, wire,
          arrow::list(arrow::field("element", std::move(element))), std::move(note)};
}

}  // namespace shoestring
