#include "api/input_value.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <optional>

#include "api/api_error.h"
#include "api/array_literal.h"
#include "api/field_grammar.h"
#include "api/moment_text.h"
#include "api/raw_json.h"

namespace shoestring {

namespace {

using Kind = PostgresType::Kind;

constexpr int kMaxDimensions = 6;  // Postgres' own limit.

[[noreturn]] void Invalid(std::string_view text, const PostgresType& type,
                          const char* code = "22P02") {
  throw ApiError(
      400, code,
      fmt::format("invalid input syntax for type {}: \"{}\"", type.name, text));
}

[[noreturn]] void OutOfRange(std::string_view text, const PostgresType& type) {
  throw ApiError(
      400, "22003",
      fmt::format("value \"{}\" is out of range for type {}", text, type.name));
}

std::string Lower(std::string_view text) {
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(),
                         [](unsigned char c) { return std::tolower(c); });
  return lower;
}

bool IsPrefix(std::string_view text, std::string_view word, size_t least) {
  return text.size() >= least && word.starts_with(text);
}

std::string BooleanText(std::string_view text, const PostgresType& type) {
  const std::string word = Lower(Stripped(text));
  if (IsPrefix(word, "true", 1) || IsPrefix(word, "yes", 1) || word == "on" ||
      word == "1") {
    return "true";
  }
  if (IsPrefix(word, "false", 1) || IsPrefix(word, "no", 1) || IsPrefix(word, "off", 2) ||
      word == "0") {
    return "false";
  }
  Invalid(text, type);
}

int64_t Least(const PostgresType& type) {
  if (type.kind == Kind::kOid) return 0;
  if (type.kind == Kind::kSmallint) return INT16_MIN;
  return type.kind == Kind::kInteger ? INT32_MIN : INT64_MIN;
}

int64_t Most(const PostgresType& type) {
  if (type.kind == Kind::kOid) return UINT32_MAX;
  if (type.kind == Kind::kSmallint) return INT16_MAX;
  return type.kind == Kind::kInteger ? INT32_MAX : INT64_MAX;
}

int64_t IntegerOf(std::string_view text, const PostgresType& type) {
  std::string digits = Stripped(text);
  if (digits.starts_with('+')) digits.erase(0, 1);
  int64_t value = 0;
  const char* end = digits.data() + digits.size();
  const auto [stop, error] = std::from_chars(digits.data(), end, value);
  if (stop != end || digits.empty() || error == std::errc::invalid_argument) {
    Invalid(text, type);
  }
  if (error != std::errc() || value < Least(type) || value > Most(type)) {
    OutOfRange(text, type);
  }
  return value;
}

double DoubleOf(std::string_view text, const PostgresType& type) {
  const std::string word = Stripped(text);
  const std::string lower = Lower(word);
  if (lower == "nan") return std::nan("");
  if (lower == "infinity" || lower == "inf" || lower == "+infinity") return HUGE_VAL;
  if (lower == "-infinity" || lower == "-inf") return -HUGE_VAL;
  const bool plain =
      !word.empty() && lower.find_first_not_of("0123456789.e+-") == lower.npos;
  char* end = nullptr;
  const double value = plain ? std::strtod(word.c_str(), &end) : 0;
  if (!plain || end != word.c_str() + word.size()) Invalid(text, type);
  const bool narrow = type.kind == Kind::kReal && std::abs(value) > 3.4028235677973366e38;
  if (std::isinf(value) || narrow) {
    throw ApiError(400, "22003",
                   fmt::format("\"{}\" is out of range for type {}", text, type.name));
  }
  return value;
}

/// "-1.50" of "-15e-1"; NaN and the infinities as Postgres writes them.
std::string NumericText(std::string_view text, const PostgresType& type) {
  const std::string word = Stripped(text);
  const std::string lower = Lower(word);
  if (lower == "nan") return "NaN";
  if (lower == "infinity" || lower == "inf" || lower == "+infinity" || lower == "+inf") {
    return "Infinity";
  }
  if (lower == "-infinity" || lower == "-inf") return "-Infinity";
  const size_t exponent_at = lower.find('e');
  std::string mantissa = lower.substr(0, exponent_at);
  const bool negative = mantissa.starts_with('-');
  if (negative || mantissa.starts_with('+')) mantissa.erase(0, 1);
  int exponent = 0;
  if (exponent_at != lower.npos) {
    const char* begin =
        lower.data() + exponent_at + 1 + (lower[exponent_at + 1] == '+' ? 1 : 0);
    const auto [end, error] =
        std::from_chars(begin, lower.data() + lower.size(), exponent);
    if (error != std::errc() || end != lower.data() + lower.size()) Invalid(text, type);
    if (std::abs(exponent) > 1000) OutOfRange(text, type);
  }
  const size_t point = std::min(mantissa.find('.'), mantissa.size());
  std::string digits = mantissa.substr(0, point);
  if (point < mantissa.size()) digits += mantissa.substr(point + 1);
  if (digits.empty() || digits.find_first_not_of("0123456789") != digits.npos) {
    Invalid(text, type);
  }
  int whole = static_cast<int>(point) + exponent;
  if (whole <= 0) digits.insert(0, static_cast<size_t>(1 - whole), '0');
  whole = std::max(whole, 1);
  if (static_cast<size_t>(whole) > digits.size())
    digits.append(static_cast<size_t>(whole) - digits.size(), '0');
  std::string before = digits.substr(0, static_cast<size_t>(whole));
  const std::string after = digits.substr(static_cast<size_t>(whole));
  before.erase(0, std::min(before.find_first_not_of('0'), before.size() - 1));
  const bool zero = before == "0" && after.find_first_not_of('0') == after.npos;
  return (negative && !zero ? "-" : "") + before + (after.empty() ? "" : "." + after);
}

std::string UuidText(std::string_view text, const PostgresType& type) {
  std::string digits;
  const std::string word = Lower(Stripped(text));
  for (const char c : word) {
    if (std::isxdigit(static_cast<unsigned char>(c))) {
      digits += c;
    } else if (c != '-' && c != '{' && c != '}') {
      Invalid(text, type);
    }
  }
  if (digits.size() != 32) Invalid(text, type);
  for (const size_t place : {8, 13, 18, 23}) digits.insert(place, "-");
  return digits;
}

bool IsOctal(std::string_view digits) {
  return digits.size() == 3 && digits[0] <= '3' &&
         digits.find_first_not_of("01234567") == digits.npos;
}

/// Bytes in Postgres' older form: `\\` for a backslash, `\001` for any byte.
std::string EscapedBytes(std::string_view text, const PostgresType& type) {
  std::string bytes;
  for (size_t i = 0; i < text.size(); ++i) {
    const std::string_view digits = text.substr(i + 1, 3);
    if (text[i] != '\\') {
      bytes += text[i];
    } else if (digits.starts_with('\\')) {
      bytes += '\\';
      ++i;
    } else if (IsOctal(digits)) {
      bytes += static_cast<char>((digits[0] - '0') * 64 + (digits[1] - '0') * 8 +
                                 (digits[2] - '0'));
      i += 3;
    } else {
      Invalid(text, type);
    }
  }
  return bytes;
}

/// "\xab" of "\xAB" or of the older form.
std::string BytesText(std::string_view text, const PostgresType& type) {
  std::string hex = "\\x";
  if (!text.starts_with("\\x")) {
    for (const char c : EscapedBytes(text, type)) {
      hex += fmt::format("{:02x}", static_cast<uint8_t>(c));
    }
    return hex;
  }
  hex += Lower(text.substr(2));
  if (hex.find_first_not_of("0123456789abcdef", 2) != hex.npos) {
    throw ApiError(400, "22023", "invalid hexadecimal data");
  }
  if (hex.size() % 2 != 0) {
    throw ApiError(400, "22023", "invalid hexadecimal data: odd number of digits");
  }
  return hex;
}

std::string InetText(std::string_view text, const PostgresType& type) {
  std::string word = Stripped(text);
  if (word.empty() || word.find_first_not_of("0123456789abcdefABCDEF:./") != word.npos) {
    Invalid(text, type);
  }
  if (word.find('/') != word.npos) return word;
  return word + (word.find(':') == word.npos ? "/32" : "/128");
}

std::string ListInputText(std::string_view text, const PostgresType& type,
                          int dimensions = 1) {
  if (dimensions > kMaxDimensions) {
    throw ApiError(
        400, "54000",
        fmt::format("number of array dimensions exceeds the maximum allowed ({})",
                    kMaxDimensions));
  }
  std::string literal;
  for (const auto& element : ArrayElements(text)) {
    literal += literal.empty() ? '{' : ',';
    if (element && element->starts_with('{')) {
      literal += ListInputText(*element, type, dimensions + 1);
    } else {
      const std::string alone =
          ArrayLiteral({element ? std::optional(InputText(*element, type.element.at(0)))
                                : std::nullopt});
      literal.append(alone, 1, alone.size() - 2);
    }
  }
  return literal.empty() ? "{}" : literal + "}";
}

/// A decimal wide enough for the value, so that a comparison is not one of rounded
/// values.
SqlType DecimalFor(const std::string& number, const SqlType& column) {
  const size_t point = std::min(number.find('.'), number.size());
  const int scale =
      point == number.size() ? 0 : static_cast<int>(number.size() - point - 1);
  const int whole = static_cast<int>(point) - (number.starts_with('-') ? 1 : 0);
  const bool fits = scale <= column.scale && whole <= column.precision - column.scale;
  if (column.kind == SqlType::Kind::kDecimal && fits) return column;
  if (whole + scale > 38) return {.kind = SqlType::Kind::kDouble};
  return {.kind = SqlType::Kind::kDecimal, .precision = 38, .scale = scale};
}

SqlExpression NumericValue(std::string_view text, const PostgresType& column) {
  const std::string number = NumericText(text, column);
  if (!std::isdigit(static_cast<unsigned char>(number.back()))) {
    return SqlValue(number, {.kind = SqlType::Kind::kDouble});
  }
  return SqlValue(number, DecimalFor(number, column.sql));
}

SqlExpression ListValue(std::string_view text, const PostgresType& column) {
  SqlExpression list;
  list.kind = SqlExpression::Kind::kList;
  list.type = column.sql;
  list.name = InputText(text, column);
  for (const auto& element : ArrayElements(text)) {
    list.arguments.push_back(element
                                 ? InputValue(*element, column.element.at(0))
                                 : SqlValue(std::monostate(), column.element.at(0).sql));
  }
  return list;
}

std::string MoneyNumber(std::string_view text, const PostgresType& type) {
  std::string number;
  for (const char c : text) {
    if (c != '$' && c != ',' && c != ' ') number += c;
  }
  return NumericText(number, type);
}

}  // namespace

std::string RoundedInteger(std::string_view number, const PostgresType& type) {
  const size_t point = number.find('.');
  const bool exponent = number.find_first_of("eEnN") != number.npos;
  std::string whole(number.substr(0, point));
  if (exponent || (point != number.npos && point + 1 < number.size())) {
    const double value = std::strtod(std::string(number).c_str(), nullptr);
    if (!std::isfinite(value) || std::abs(value) >= 9.3e18) {
      throw ApiError(400, "22003", fmt::format("{} out of range", type.name));
    }
    whole =
        fmt::format("{:.0f}", point != number.npos && !exponent ? std::round(value)
                                                                : std::nearbyint(value));
  }
  try {
    return std::to_string(IntegerOf(whole, type));
  } catch (const ApiError&) {
    throw ApiError(400, "22003", fmt::format("{} out of range", type.name));
  }
}

std::string InputText(std::string_view text, const PostgresType& type) {
  switch (type.kind) {
    case Kind::kBoolean: return BooleanText(text, type);
    case Kind::kSmallint:
    case Kind::kInteger:
    case Kind::kBigint:
    case Kind::kOid: return std::to_string(IntegerOf(text, type));
    case Kind::kReal:
    case Kind::kDouble: {
      const double value = DoubleOf(text, type);
      if (std::isnan(value)) return "NaN";
      if (std::isinf(value)) return value < 0 ? "-Infinity" : "Infinity";
      return type.kind == Kind::kReal ? fmt::format("{}", static_cast<float>(value))
                                      : fmt::format("{}", value);
    }
    case Kind::kNumeric: return NumericText(text, type);
    case Kind::kMoney: return MoneyNumber(text, type);
    case Kind::kUuid: return UuidText(text, type);
    case Kind::kBytes: return BytesText(text, type);
    case Kind::kJson: CheckJson(text); return std::string(text);
    case Kind::kJsonb: CheckJson(text); return NormalizedJson(text);
    case Kind::kDate:
    case Kind::kTimestamp:
    case Kind::kTimestampTz: return MomentText(text, type);
    case Kind::kTime: return ClockText(text, type);
    case Kind::kInet: return InetText(text, type);
    case Kind::kList: return ListInputText(text, type);
    case Kind::kBlankPadded: {
      std::string trimmed(text);
      while (trimmed.ends_with(' ')) trimmed.pop_back();
      return trimmed;
    }
    default: return std::string(text);
  }
}

SqlExpression InputValue(std::string_view text, const PostgresType& column) {
  switch (column.kind) {
    case Kind::kBoolean: return SqlValue(BooleanText(text, column) == "true", column.sql);
    case Kind::kSmallint:
    case Kind::kInteger:
    case Kind::kBigint:
    case Kind::kOid: return SqlValue(IntegerOf(text, column), column.sql);
    case Kind::kReal:
    case Kind::kDouble: return SqlValue(DoubleOf(text, column), column.sql);
    case Kind::kNumeric: return NumericValue(text, column);
    case Kind::kList:
      if (column.sql.kind == SqlType::Kind::kList) return ListValue(text, column);
      return SqlValue(InputText(text, column), {});
    default: return SqlValue(InputText(text, column), column.sql);
  }
}

}  // namespace shoestring
