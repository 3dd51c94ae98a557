#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "source/copy_stream.h"
#include "source/type_mapping.h"

namespace shoestring {

/// Why a value cannot be kept exactly.
enum class ValueOutcome {
  kOk,
  kNotANumber,
  kInfinity,
  kOutOfRange,
  kNotOneDimension,
  kLowerBound,
  kInvalidText,
  kMalformed,
};

/// Looks at one value, not null, of any wire form but kArray.
ValueOutcome Judge(Wire wire, const arrow::DataType& type, Bytes value);

/// The policies under which the lake would take such a value: "null, clamp or text".
std::string_view WaysOut(ValueOutcome outcome);

/// Replaces the values that the lake cannot hold, in the columns whose policy says so, by
/// what it keeps in their place: so all that looks at a row later sees the same. What no
/// policy mends is left for the decoder to refuse. Pure. Not thread-safe.
class ValueCleaner {
 public:
  explicit ValueCleaner(const std::vector<ColumnMapping>& columns);

  /// Takes the fields of a tuple and the bytes that they stand in; gives them back, or
  /// changed copies that are valid until the next call.
  struct Row {
    std::span<const TupleField> fields;
    Bytes tuple;
  };
  Row Clean(Row row);

  /// Values replaced so far, by column; a list's elements count each.
  const std::vector<int64_t>& replaced() const { return replaced_; }

 private:
  struct Column {
    size_t index;
    ColumnMapping mapping;
  };

  std::vector<Column> columns_;  ///< Those that may have to be changed.
  std::vector<int64_t> replaced_;
  std::vector<TupleField> fields_;
  std::string tuple_;
};

}  // namespace shoestring
