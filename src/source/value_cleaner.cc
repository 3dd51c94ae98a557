#include "source/value_cleaner.h"

#include <arrow/type.h>
#include <arrow/util/utf8.h>

#include "source/array_reader.h"
#include "source/numeric.h"
#include "source/postgres_time.h"

namespace shoestring {

namespace {

/// What stands in a value's place: itself, null, or other bytes.
struct Replacement {
  int64_t replaced = 0;
  std::optional<std::string> bytes;  ///< Null when replaced without them.
};

ValueOutcome JudgeNumeric(const arrow::DataType& type, Bytes value) {
  const auto& decimal = static_cast<const arrow::Decimal128Type&>(type);
  Int128 ignored = 0;
  switch (DecodeNumeric(value, decimal.precision(), decimal.scale(), &ignored)) {
    case NumericOutcome::kOk: return ValueOutcome::kOk;
    case NumericOutcome::kNotANumber: return ValueOutcome::kNotANumber;
    case NumericOutcome::kInfinity: return ValueOutcome::kInfinity;
    case NumericOutcome::kOutOfRange: return ValueOutcome::kOutOfRange;
    case NumericOutcome::kMalformed: return ValueOutcome::kMalformed;
  }
  return ValueOutcome::kMalformed;
}

ValueOutcome FromTime(TimeOutcome outcome) {
  switch (outcome) {
    case TimeOutcome::kOk: return ValueOutcome::kOk;
    case TimeOutcome::kInfinity: return ValueOutcome::kInfinity;
    case TimeOutcome::kOutOfRange: return ValueOutcome::kOutOfRange;
    case TimeOutcome::kMalformed: return ValueOutcome::kMalformed;
  }
  return ValueOutcome::kMalformed;
}

std::optional<std::string> Nearest(Wire wire, const arrow::DataType& type, Bytes value) {
  switch (wire) {
    case Wire::kDate: return NearestDate(value);
    case Wire::kTimestamp: return NearestTimestamp(value);
    case Wire::kNumeric: {
      const auto& decimal = static_cast<const arrow::Decimal128Type&>(type);
      return NearestNumeric(value, decimal.precision(), decimal.scale());
    }
    default: return std::nullopt;
  }
}

Replacement CleanScalar(Wire wire, const arrow::DataType& type, AnomalyPolicy policy,
                        Bytes value) {
  const ValueOutcome outcome = Judge(wire, type, value);
  if (outcome == ValueOutcome::kOk || outcome == ValueOutcome::kMalformed) return {};
  if (policy == AnomalyPolicy::kNull) return {1, std::nullopt};
  if (policy != AnomalyPolicy::kClamp) return {};
  auto nearest = Nearest(wire, type, value);
  if (!nearest) return {};
  return {1, std::move(nearest)};
}

void AppendField(std::optional<Bytes> value, std::string* to) {
  AppendBigEndian(to, value ? static_cast<int32_t>(value->size()) : -1);
  if (value) to->append(AsText(*value));
}

Replacement CleanArray(const ColumnMapping& mapping, Bytes value) {
  ArrayReader reader(value);
  if (!reader.valid()) return {};
  const bool to_null = mapping.policy == AnomalyPolicy::kNull;
  if (reader.dimensions() > 1) {
    return to_null ? Replacement{1, std::nullopt} : Replacement{};
  }
  const bool moved = reader.dimensions() == 1 && reader.lower_bound() != 1;
  if (moved && to_null) return {1, std::nullopt};
  const auto& element_type =
      *static_cast<const arrow::ListType&>(*mapping.type).value_type();
  Replacement result{moved ? 1 : 0, ""};
  std::string elements;
  while (const auto element = reader.Next()) {
    if (element->null()) {
      AppendField(std::nullopt, &elements);
      continue;
    }
    Replacement cleaned =
        CleanScalar(mapping.element, element_type, mapping.policy, element->bytes());
    result.replaced += cleaned.replaced;
    if (cleaned.replaced == 0) {
      AppendField(element->bytes(), &elements);
    } else {
      AppendField(cleaned.bytes ? std::optional(AsBytes(*cleaned.bytes)) : std::nullopt,
                  &elements);
    }
  }
  if (!reader.valid() || result.replaced == 0) return {};
  result.bytes = FormatArrayHeader(reader.size()) + elements;
  return result;
}

Replacement CleanValue(const ColumnMapping& mapping, Bytes value) {
  if (mapping.wire == Wire::kArray) return CleanArray(mapping, value);
  return CleanScalar(mapping.wire, *mapping.type, mapping.policy, value);
}

// Types of which every value can be held.
bool HoldsAll(Wire wire) {
  switch (wire) {
    case Wire::kNumeric:
    case Wire::kDate:
    case Wire::kTimestamp:
    case Wire::kText:
    case Wire::kArray: return false;
    default: return true;
  }
}

}  // namespace

ValueOutcome Judge(Wire wire, const arrow::DataType& type, Bytes value) {
  switch (wire) {
    case Wire::kNumeric: return JudgeNumeric(type, value);
    case Wire::kDate: {
      int32_t ignored = 0;
      return FromTime(DecodeDate(value, &ignored));
    }
    case Wire::kTimestamp: {
      int64_t ignored = 0;
      return FromTime(DecodeTimestamp(value, &ignored));
    }
    case Wire::kText:
      return arrow::util::ValidateUTF8(value.data(), static_cast<int64_t>(value.size()))
                 ? ValueOutcome::kOk
                 : ValueOutcome::kInvalidText;
    default: return ValueOutcome::kOk;
  }
}

std::string_view WaysOut(ValueOutcome outcome) {
  switch (outcome) {
    case ValueOutcome::kNotANumber:
    case ValueOutcome::kNotOneDimension: return "null or text";
    case ValueOutcome::kInfinity:
    case ValueOutcome::kOutOfRange:
    case ValueOutcome::kLowerBound: return "null, clamp or text";
    default: return "null";
  }
}

ValueCleaner::ValueCleaner(const std::vector<ColumnMapping>& columns)
    : replaced_(columns.size()), fields_(columns.size()) {
  arrow::util::InitializeUTF8();
  for (size_t i = 0; i < columns.size(); ++i) {
    const bool changes = columns[i].policy == AnomalyPolicy::kNull ||
                         columns[i].policy == AnomalyPolicy::kClamp;
    if (changes && !HoldsAll(columns[i].wire)) columns_.push_back({i, columns[i]});
  }
}

ValueCleaner::Row ValueCleaner::Clean(Row row) {
  bool changed = false;
  for (const auto& [index, mapping] : columns_) {
    const TupleField& field = row.fields[index];
    if (field.null()) continue;
    const Replacement replacement = CleanValue(mapping, field.bytes());
    if (replacement.replaced == 0) continue;
    replaced_[index] += replacement.replaced;
    std::string tuple;
    for (size_t i = 0; i < row.fields.size(); ++i) {
      const TupleField& old = row.fields[i];
      const std::optional<Bytes> given =
          old.null() ? std::nullopt : std::optional(old.bytes());
      const std::optional<Bytes> mended =
          replacement.bytes ? std::optional(AsBytes(*replacement.bytes)) : std::nullopt;
      AppendField(i == index ? mended : given, &tuple);
    }
    tuple_ = std::move(tuple);
    SplitTuple(AsBytes(tuple_), fields_);
    row.fields = fields_;
    changed = true;
  }
  if (changed) row.tuple = AsBytes(tuple_);
  return row;
}

}  // namespace shoestring
