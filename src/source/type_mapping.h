#pragma once

#include <arrow/type_fwd.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "source/table_description.h"

namespace shoestring {

/// How the bytes of a type's binary send form are read.
enum class Wire {
  kBoolean,
  kInt16,
  kInt32,
  kInt64,
  kOid,
  kFloat32,
  kFloat64,
  kNumeric,
  kDate,
  kTimestamp,
  kText,
  kUuid,
  kBytes,
  kArray,
};

/// What is done with a value that the lake's type cannot hold: NaN or infinity in a
/// decimal, an infinite date, an array that does not begin at 1. docs/anomalies.md.
enum class AnomalyPolicy {
  kError,  ///< The run ends, naming table, column and key.
  kNull,   ///< The value becomes null, and is counted.
  kClamp,  ///< It becomes the nearest one that can be held, and is counted.
  kText,   ///< A column with such values becomes text, so that none is lost.
};

std::string_view ToString(AnomalyPolicy policy);
/// Nothing for another text than "error", "null", "clamp" and "text".
std::optional<AnomalyPolicy> ParseAnomalyPolicy(std::string_view text);

/// What becomes of a column. docs/type_mapping.md is this table in prose.
struct ColumnMapping {
  std::string column;
  Wire wire = Wire::kText;
  Wire element = Wire::kText;             ///< Of kArray.
  std::shared_ptr<arrow::DataType> type;  ///< What the lake gets.
  std::string note;                       ///< What changes in representation, or "".
  std::string cast;  ///< Of the column in the SELECT: "::text", or "".
  AnomalyPolicy policy = AnomalyPolicy::kError;
};

/// What the values of a column tell of the type that it needs; see value_survey.h.
struct ColumnSurvey {
  bool anomalies = false;  ///< Some value cannot be held but as text.
  int scale = 0;           ///< Of a numeric without precision, or of money.
};

/// The type in the lake of a column under a policy.
ColumnMapping MapColumn(const SourceColumn& column, AnomalyPolicy policy,
                        const ColumnSurvey& survey);

/// True for "numeric", or an array of it, without a stated precision.
bool IsUnconstrainedNumeric(const SourceType& type);
bool IsMoney(const SourceType& type);
/// True when there is nothing better for the type, or its elements, than text.
bool BecomesText(const SourceType& type);

inline constexpr int kMaxDecimalDigits = 38;

}  // namespace shoestring
