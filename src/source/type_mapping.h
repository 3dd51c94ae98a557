#pragma once

#include <arrow/type_fwd.h>

#include <memory>
#include <string>

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
  kBlankPadded,
  kUuid,
  kJsonb,
  kBytes,
  kArray,
};

/// What becomes of a column. docs/type_mapping.md is this table in prose.
struct ColumnMapping {
  std::string column;
  Wire wire = Wire::kText;
  Wire element = Wire::kText;             ///< Of kArray.
  std::shared_ptr<arrow::DataType> type;  ///< What the lake gets.
  std::string note;                       ///< What changes in representation, or "".
};

/// Throws kUnsupported, naming the column, its type and the way out.
ColumnMapping MapColumn(const std::string& table, const SourceColumn& column);

}  // namespace shoestring
