#include "source/type_mapping.h"

#include <arrow/type.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "source/numeric.h"

namespace shoestring {

namespace {

constexpr int32_t kTypmodHeader = 4;
// The cents of an int64.
constexpr int kMoneyDigits = 19;
constexpr std::string_view kAsText = "as text";

// What becomes of a value, or of an array's elements.
struct Scalar {
  Wire wire = Wire::kText;
  std::shared_ptr<arrow::DataType> type = arrow::utf8();
  std::string note;
  std::string cast;  ///< The type to cast to; empty: none.
};

struct Rule {
  std::string_view type;  ///< pg_type.typname.
  Wire wire;
  std::shared_ptr<arrow::DataType> (*lake)();
  std::string_view note;
  std::string_view cast;
};

std::shared_ptr<arrow::DataType> Micros() {
  return arrow::timestamp(arrow::TimeUnit::MICRO);
}
std::shared_ptr<arrow::DataType> MicrosUtc() {
  return arrow::timestamp(arrow::TimeUnit::MICRO, "UTC");
}
std::shared_ptr<arrow::DataType> Text() { return arrow::utf8(); }

// All other types are text, as Postgres casts them.
const std::array kRules = {
    Rule{"bool", Wire::kBoolean, [] { return arrow::boolean(); }, "", ""},
    Rule{"int2", Wire::kInt16, [] { return arrow::int32(); }, "widened to 32 bits", ""},
    Rule{"int4", Wire::kInt32, [] { return arrow::int32(); }, "", ""},
    Rule{"int8", Wire::kInt64, [] { return arrow::int64(); }, "", ""},
    Rule{"oid", Wire::kOid, [] { return arrow::int64(); }, "widened to 64 bits", ""},
    Rule{"float4", Wire::kFloat32, [] { return arrow::float32(); }, "", ""},
    Rule{"float8", Wire::kFloat64, [] { return arrow::float64(); }, "", ""},
    Rule{"date", Wire::kDate, [] { return arrow::date32(); }, "", ""},
    Rule{"timestamp", Wire::kTimestamp, Micros, "", ""},
    Rule{"timestamptz", Wire::kTimestamp, MicrosUtc, "as UTC", ""},
    Rule{"text", Wire::kText, Text, "", ""},
    Rule{"varchar", Wire::kText, Text, "", ""},
    Rule{"name", Wire::kText, Text, "", ""},
    Rule{"bpchar", Wire::kText, Text, "without the blanks that pad it", "text"},
    Rule{"uuid", Wire::kUuid, Text, "as 36 characters", ""},
    Rule{"json", Wire::kText, Text, "byte for byte", ""},
    Rule{"jsonb", Wire::kText, Text, "as Postgres prints it", "text"},
    Rule{"bytea", Wire::kBytes, [] { return arrow::binary(); }, "", ""},
};

const Rule* FindRule(std::string_view type) {
  for (const Rule& rule : kRules) {
    if (rule.type == type) return &rule;
  }
  return nullptr;
}

Scalar CastToText(std::string_view why = "") {
  return {Wire::kText, Text(), fmt::format("{}{}", kAsText, why), "text"};
}

Scalar MapNumeric(const SourceType& type, const ColumnSurvey& survey) {
  if (IsUnconstrainedNumeric(type)) {
    return {Wire::kNumeric, arrow::decimal128(kMaxDecimalDigits, survey.scale),
            "scale normalised to the largest seen", ""};
  }
  const NumericSize size = NumericSizeOfTypmod(type.typmod);
  const int scale = std::max(size.scale, 0);
  const int precision = std::max(size.precision - std::min(size.scale, 0), scale);
  if (precision > kMaxDecimalDigits) return CastToText(": wider than 38 digits");
  return {Wire::kNumeric, arrow::decimal128(precision, scale), "", ""};
}

Scalar MapScalar(const SourceType& type, const ColumnSurvey& survey) {
  const std::string& name = type.is_array ? type.element_name : type.base_name;
  const char kind = type.is_array ? type.element_kind : type.kind;
  if (kind == 'e') return {Wire::kText, Text(), "enum as its label", ""};
  if (!type.is_system) return CastToText();
  if (name == "numeric") return MapNumeric(type, survey);
  if (name == "money") {
    return {Wire::kNumeric, arrow::decimal128(kMoneyDigits, survey.scale),
            "as a number, without its currency", "numeric"};
  }
  const Rule* rule = FindRule(name);
  if (rule == nullptr) return CastToText();
  return {rule->wire, rule->lake(), std::string(rule->note), std::string(rule->cast)};
}

bool IsSystem(const SourceType& type, std::string_view name) {
  return type.is_system && (type.is_array ? type.element_name : type.base_name) == name;
}

}  // namespace

std::string_view ToString(AnomalyPolicy policy) {
  switch (policy) {
    case AnomalyPolicy::kError: return "error";
    case AnomalyPolicy::kNull: return "null";
    case AnomalyPolicy::kClamp: return "clamp";
    case AnomalyPolicy::kText: return "text";
  }
  return "error";
}

std::optional<AnomalyPolicy> ParseAnomalyPolicy(std::string_view text) {
  for (const AnomalyPolicy policy : {AnomalyPolicy::kError, AnomalyPolicy::kNull,
                                     AnomalyPolicy::kClamp, AnomalyPolicy::kText}) {
    if (text == ToString(policy)) return policy;
  }
  return std::nullopt;
}

bool IsUnconstrainedNumeric(const SourceType& type) {
  return IsSystem(type, "numeric") && type.typmod < kTypmodHeader;
}

bool IsMoney(const SourceType& type) { return IsSystem(type, "money"); }

bool BecomesText(const SourceType& type) {
  return MapScalar(type, {}).note.starts_with(kAsText);
}

ColumnMapping MapColumn(const SourceColumn& column, AnomalyPolicy policy,
                        const ColumnSurvey& survey) {
  ColumnMapping mapping;
  mapping.column = column.name;
  mapping.policy = policy;
  if (policy == AnomalyPolicy::kText && survey.anomalies) {
    mapping.type = Text();
    mapping.note = "as text: no other type holds all of its values";
    mapping.cast = "::text";
    return mapping;
  }
  Scalar scalar = MapScalar(column.type, survey);
  mapping.wire = scalar.wire;
  mapping.type = std::move(scalar.type);
  mapping.note = std::move(scalar.note);
  if (!scalar.cast.empty()) mapping.cast = "::" + scalar.cast;
  if (column.type.is_array) {
    mapping.element = mapping.wire;
    mapping.wire = Wire::kArray;
    mapping.type = arrow::list(arrow::field("element", std::move(mapping.type)));
    if (!mapping.cast.empty()) mapping.cast += "[]";
  }
  return mapping;
}

}  // namespace shoestring
