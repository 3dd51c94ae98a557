#include "engine/value_text.h"

#include <arrow/api.h>
#include <arrow/util/decimal.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/error.h"
#include "engine/time_text.h"
#include "source/number_text.h"

namespace shoestring {

namespace {

using arrow::Array;
using arrow::Type;

template <typename ArrayType>
const ArrayType& As(const Array& array) {
  return static_cast<const ArrayType&>(array);
}

template <typename Integer>
void AppendInteger(Integer value, std::string* to) {
  const fmt::format_int digits(value);
  to->append(digits.data(), digits.size());
}

/// As Postgres prints it: the shortest digits that read back as the same value, with an
/// exponent from 10^15 (float: 10^6) on and below 10^-4. Not for NaN and Infinity.
template <typename Float>
void AppendFinite(Float value, std::string* to) {
  constexpr Float kLarge = sizeof(Float) == sizeof(float) ? Float(1e6) : Float(1e15);
  const Float magnitude = std::abs(value);
  const bool fixed = magnitude == 0 || (magnitude >= Float(1e-4) && magnitude < kLarge);
  char digits[64];
  const auto end =
      std::to_chars(digits, digits + sizeof(digits), value,
                    fixed ? std::chars_format::fixed : std::chars_format::scientific)
          .ptr;
  to->append(digits, end);
}

template <typename Float>
void AppendFloat(Float value, std::string* to) {
  if (std::isnan(value)) {
    to->append("NaN");
  } else if (std::isinf(value)) {
    to->append(value < 0 ? "-Infinity" : "Infinity");
  } else {
    AppendFinite(value, to);
  }
}

/// Puts the point into the digits of a decimal's unscaled value.
void AppendDecimal(std::string_view digits, int scale, std::string* to) {
  if (digits.front() == '-') {
    to->push_back('-');
    digits.remove_prefix(1);
  }
  const auto places = static_cast<size_t>(std::max(scale, 0));
  const size_t zeros = digits.size() <= places ? places + 1 - digits.size() : 0;
  to->append(zeros, '0').append(digits);
  if (places > 0) to->insert(to->size() - places, 1, '.');
}

void AppendDecimal(const arrow::Decimal128& value, int scale, std::string* to) {
  const auto low = static_cast<int64_t>(value.low_bits());
  if (value.high_bits() == (low < 0 ? -1 : 0)) {
    const fmt::format_int digits(low);
    AppendDecimal({digits.data(), digits.size()}, scale, to);
  } else {
    AppendDecimal(value.ToIntegerString(), scale, to);
  }
}

void AppendHex(std::string_view bytes, std::string* to) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  to->append("\\x");
  for (const char byte : bytes) {
    to->push_back(kDigits[static_cast<uint8_t>(byte) >> 4]);
    to->push_back(kDigits[static_cast<uint8_t>(byte) & 15]);
  }
}

void AppendJsonList(const Array& values, int64_t from, int64_t count, std::string* to) {
  to->push_back('[');
  for (int64_t i = 0; i < count; ++i) {
    if (i > 0) to->push_back(',');
    AppendJson(values, from + i, to);
  }
  to->push_back(']');
}

void AppendJsonStruct(const arrow::StructArray& array, int64_t row, std::string* to) {
  to->push_back('{');
  for (int i = 0; i < array.num_fields(); ++i) {
    if (i > 0) to->push_back(',');
    AppendJsonString(array.type()->field(i)->name(), to);
    to->push_back(':');
    AppendJson(*array.field(i), row, to);
  }
  to->push_back('}');
}

void AppendJsonMap(const arrow::MapArray& array, int64_t row, std::string* to) {
  to->push_back('{');
  for (int64_t i = array.value_offset(row); i < array.value_offset(row + 1); ++i) {
    if (i > array.value_offset(row)) to->push_back(',');
    std::string key;
    AppendText(*array.keys(), i, &key);
    AppendJsonString(key, to);
    to->push_back(':');
    AppendJson(*array.items(), i, to);
  }
  to->push_back('}');
}

template <typename ListArrayType>
void AppendJsonListOf(const Array& array, int64_t row, std::string* to) {
  const auto& lists = As<ListArrayType>(array);
  AppendJsonList(*lists.values(), lists.value_offset(row), lists.value_length(row), to);
}

/// True when the value was a nested one, and is now there as JSON.
bool AppendNested(const Array& array, int64_t row, std::string* to) {
  switch (array.type_id()) {
    case Type::LIST: AppendJsonListOf<arrow::ListArray>(array, row, to); return true;
    case Type::LARGE_LIST:
      AppendJsonListOf<arrow::LargeListArray>(array, row, to);
      return true;
    case Type::FIXED_SIZE_LIST:
      AppendJsonListOf<arrow::FixedSizeListArray>(array, row, to);
      return true;
    case Type::STRUCT:
      AppendJsonStruct(As<arrow::StructArray>(array), row, to);
      return true;
    case Type::MAP: AppendJsonMap(As<arrow::MapArray>(array), row, to); return true;
    default: return false;
  }
}

/// True when the value was a number, and is now there as its digits. NaN and Infinity
/// come out as words.
bool AppendNumber(const Array& array, int64_t row, std::string* to) {
  switch (array.type_id()) {
    case Type::INT8:
      AppendInteger(As<arrow::Int8Array>(array).Value(row), to);
      return true;
    case Type::INT16:
      AppendInteger(As<arrow::Int16Array>(array).Value(row), to);
      return true;
    case Type::INT32:
      AppendInteger(As<arrow::Int32Array>(array).Value(row), to);
      return true;
    case Type::INT64:
      AppendInteger(As<arrow::Int64Array>(array).Value(row), to);
      return true;
    case Type::UINT8:
      AppendInteger(As<arrow::UInt8Array>(array).Value(row), to);
      return true;
    case Type::UINT16:
      AppendInteger(As<arrow::UInt16Array>(array).Value(row), to);
      return true;
    case Type::UINT32:
      AppendInteger(As<arrow::UInt32Array>(array).Value(row), to);
      return true;
    case Type::UINT64:
      AppendInteger(As<arrow::UInt64Array>(array).Value(row), to);
      return true;
    case Type::FLOAT:
      AppendFloat(As<arrow::FloatArray>(array).Value(row), to);
      return true;
    case Type::DOUBLE:
      AppendFloat(As<arrow::DoubleArray>(array).Value(row), to);
      return true;
    case Type::DECIMAL128: {
      const arrow::Decimal128 value(As<arrow::Decimal128Array>(array).GetValue(row));
      const auto& type = static_cast<const arrow::DecimalType&>(*array.type());
      AppendDecimal(value, type.scale(), to);
      return true;
    }
    default: return false;
  }
}

bool IsFiniteNumber(const Array& array, int64_t row) {
  if (array.type_id() == Type::FLOAT)
    return std::isfinite(As<arrow::FloatArray>(array).Value(row));
  if (array.type_id() == Type::DOUBLE) {
    return std::isfinite(As<arrow::DoubleArray>(array).Value(row));
  }
  return true;
}

/// The rest: what stands between quotes in JSON. `iso`: with a T, as JSON wants it.
void AppendWord(const Array& array, int64_t row, bool iso, std::string* to) {
  switch (array.type_id()) {
    case Type::STRING: to->append(As<arrow::StringArray>(array).GetView(row)); return;
    case Type::LARGE_STRING:
      to->append(As<arrow::LargeStringArray>(array).GetView(row));
      return;
    case Type::BINARY: AppendHex(As<arrow::BinaryArray>(array).GetView(row), to); return;
    case Type::LARGE_BINARY:
      AppendHex(As<arrow::LargeBinaryArray>(array).GetView(row), to);
      return;
    case Type::FIXED_SIZE_BINARY:
      AppendHex(As<arrow::FixedSizeBinaryArray>(array).GetView(row), to);
      return;
    case Type::DATE32: AppendDate(As<arrow::Date32Array>(array).Value(row), to); return;
    case Type::TIMESTAMP:
      AppendTimestamp(As<arrow::TimestampArray>(array), row, iso, to);
      return;
    case Type::TIME32:
    case Type::TIME64: {
      const auto unit = static_cast<const arrow::TimeType&>(*array.type()).unit();
      const int64_t value = array.type_id() == Type::TIME32
                                ? As<arrow::Time32Array>(array).Value(row)
                                : As<arrow::Time64Array>(array).Value(row);
      AppendTime(value, unit, to);
      return;
    }
    case Type::INTERVAL_MONTH_DAY_NANO:
      AppendInterval(As<arrow::MonthDayNanoIntervalArray>(array).GetValue(row), to);
      return;
    default:
      throw Fail(ErrorKind::kUnsupported, "No text form for this type, cast it: {}",
                 array.type()->ToString());
  }
}

/// The value that a dictionary, union or extension stands for, its row changed with it;
/// nullptr when the array is none of them.
std::shared_ptr<Array> Unwrap(const Array& array, int64_t* row) {
  switch (array.type_id()) {
    case Type::DICTIONARY: {
      const auto& dictionary = As<arrow::DictionaryArray>(array);
      *row = dictionary.GetValueIndex(*row);
      return dictionary.dictionary();
    }
    case Type::SPARSE_UNION: {
      const auto& sparse = As<arrow::SparseUnionArray>(array);
      return sparse.field(sparse.child_id(*row));
    }
    case Type::DENSE_UNION: {
      const auto& dense = As<arrow::DenseUnionArray>(array);
      auto child = dense.field(dense.child_id(*row));
      *row = dense.value_offset(*row);
      return child;
    }
    case Type::EXTENSION: return As<arrow::ExtensionArray>(array).storage();
    default: return nullptr;
  }
}

/// Digits as they are; NaN and Infinity between quotes.
void AppendNumberText(const Array& array, int64_t row, std::string* to) {
  const auto& storage = *As<arrow::ExtensionArray>(array).storage();
  const std::string_view digits = As<arrow::StringArray>(storage).GetView(row);
  const bool finite = !digits.empty() && digits.back() >= '0' && digits.back() <= '9';
  if (finite) {
    to->append(digits);
  } else {
    AppendJsonString(digits, to);
  }
}

void AppendEscape(char c, std::string* to) {
  switch (c) {
    case '"': to->append("\\\""); break;
    case '\\': to->append("\\\\"); break;
    case '\b': to->append("\\b"); break;
    case '\f': to->append("\\f"); break;
    case '\n': to->append("\\n"); break;
    case '\r': to->append("\\r"); break;
    case '\t': to->append("\\t"); break;
    default:
      fmt::format_to(std::back_inserter(*to), "\\u{:04x}", static_cast<uint8_t>(c));
  }
}

/// Of what is neither a number, a time nor a plain text.
void AppendRareJson(const Array& array, int64_t row, std::string* to) {
  if (IsNumberText(*array.type())) return AppendNumberText(array, row, to);
  if (const auto inner = Unwrap(array, &row)) return AppendJson(*inner, row, to);
  if (AppendNested(array, row, to)) return;
  std::string text;
  if (!AppendNumber(array, row, &text)) AppendWord(array, row, /*iso=*/true, &text);
  AppendJsonString(text, to);
}

}  // namespace

void AppendJsonString(std::string_view text, std::string* to) {
  const auto is_plain = [](char c) {
    return c != '"' && c != '\\' && static_cast<uint8_t>(c) >= 0x20;
  };
  to->push_back('"');
  while (!text.empty()) {
    const auto plain =
        static_cast<size_t>(std::ranges::find_if_not(text, is_plain) - text.begin());
    to->append(text.substr(0, plain));
    if (plain == text.size()) break;
    AppendEscape(text[plain], to);
    text.remove_prefix(plain + 1);
  }
  to->push_back('"');
}

void AppendJson(const Array& array, int64_t row, std::string* to) {
  if (array.type_id() == Type::NA || array.IsNull(row)) {
    to->append("null");
    return;
  }
  switch (array.type_id()) {
    case Type::BOOL:
      to->append(As<arrow::BooleanArray>(array).Value(row) ? "true" : "false");
      return;
    case Type::STRING:
      return AppendJsonString(As<arrow::StringArray>(array).GetView(row), to);
    case Type::DATE32:
    case Type::TIMESTAMP:
    case Type::TIME32:
    case Type::TIME64:  // Nothing in it is to be escaped.
      to->push_back('"');
      AppendWord(array, row, /*iso=*/true, to);
      to->push_back('"');
      return;
    default: break;
  }
  if (!IsFiniteNumber(array, row) || !AppendNumber(array, row, to)) {
    AppendRareJson(array, row, to);
  }
}

void AppendText(const Array& array, int64_t row, std::string* to) {
  if (array.type_id() == Type::NA || array.IsNull(row)) return;
  if (const auto inner = Unwrap(array, &row)) return AppendText(*inner, row, to);
  if (array.type_id() == Type::BOOL) {
    to->append(As<arrow::BooleanArray>(array).Value(row) ? "true" : "false");
    return;
  }
  if (AppendNumber(array, row, to) || AppendNested(array, row, to)) return;
  AppendWord(array, row, /*iso=*/false, to);
}

}  // namespace shoestring
