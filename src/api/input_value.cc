#include "api/input_value.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <optional>

#include "api/api_error.h"
#include "api/field_grammar.h"
#include "api/postgres_value.h"
#include "api/raw_json.h"

namespace shoestring {

namespace {

using Kind = PostgresType::Kind;

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
  if (type.kind == Kind::kSmallint) return INT16_MIN;
  return type.kind == Kind::kInteger ? INT32_MIN : INT64_MIN;
}

int64_t Most(const PostgresType& type) {
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

/// A date and time as its parts.
struct Moment {
  int year = 0, month = 0, day = 0;
  int64_t micros = 0;  ///< Of the day.
  int offset_s = 0;    ///< East of UTC.
};

class MomentReader {
 public:
  MomentReader(std::string_view text, const PostgresType& type)
      : text_(text), word_(Stripped(text)), type_(type) {}

  Moment Read() {
    if (Special()) return moment_;
    Date();
    if (at_ < word_.size() &&
        (word_[at_] == ' ' || word_[at_] == 'T' || word_[at_] == 't')) {
      ++at_;
      while (Peek() == ' ') ++at_;
      Time();
    }
    if (at_ != word_.size()) Bad();
    return moment_;
  }

 private:
  [[noreturn]] void Bad() const { Invalid(text_, type_, "22007"); }

  [[noreturn]] void Range() const {
    throw ApiError(400, "22008",
                   fmt::format("date/time field value out of range: \"{}\"", text_))
        .WithHint("Perhaps you need a different \"datestyle\" setting.");
  }

  char Peek() const { return at_ < word_.size() ? word_[at_] : '\0'; }

  int Number(size_t least, size_t most) {
    const size_t start = at_;
    int value = 0;
    while (at_ < word_.size() && at_ - start < most &&
           std::isdigit(static_cast<unsigned char>(word_[at_]))) {
      value = value * 10 + (word_[at_++] - '0');
    }
    if (at_ - start < least) Bad();
    return value;
  }

  /// Words that stand for a moment.
  bool Special() {
    const std::string lower = Lower(word_);
    int64_t day = 0;
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    const int64_t micros =
        std::chrono::duration_cast<std::chrono::microseconds>(now).count();
    const int64_t today = micros / 86'400'000'000;
    if (lower == "epoch") {
      day = 0;
    } else if (lower == "today" || lower == "now") {
      day = today;
    } else if (lower == "yesterday") {
      day = today - 1;
    } else if (lower == "tomorrow") {
      day = today + 1;
    } else {
      return false;
    }
    const std::chrono::year_month_day date{std::chrono::sys_days{std::chrono::days{day}}};
    moment_.year = static_cast<int>(date.year());
    moment_.month = static_cast<int>(static_cast<unsigned>(date.month()));
    moment_.day = static_cast<int>(static_cast<unsigned>(date.day()));
    if (lower == "now") moment_.micros = micros % 86'400'000'000;
    return true;
  }

  void Date() {
    const size_t digits = word_.find_first_not_of("0123456789");
    if (std::min(digits, word_.size()) == 8) {
      moment_ = {Number(4, 4), Number(2, 2), Number(2, 2)};
    } else {
      moment_.year = Number(4, 6);
      const char separator = Peek();
      if (separator != '-' && separator != '/' && separator != '.') Bad();
      ++at_;
      moment_.month = Number(1, 2);
      if (Peek() != separator) Bad();
      ++at_;
      moment_.day = Number(1, 2);
    }
    const std::chrono::year_month_day date{
        std::chrono::year(moment_.year),
        std::chrono::month(static_cast<unsigned>(moment_.month)),
        std::chrono::day(static_cast<unsigned>(moment_.day))};
    if (!date.ok() || moment_.year < 1 || moment_.year > 9999) Range();
  }

  void Time() {
    const int hour = Number(1, 2);
    int minute = 0;
    int second = 0;
    if (Peek() != ':') Bad();
    ++at_;
    minute = Number(2, 2);
    if (Peek() == ':') {
      ++at_;
      second = Number(2, 2);
      Fraction();
    }
    if (hour > 24 || minute > 59 || second > 60) Range();
    moment_.micros += (hour * 3600LL + minute * 60LL + second) * 1'000'000;
    Zone();
  }

  void Fraction() {
    if (Peek() != '.') return;
    ++at_;
    int64_t unit = 100'000;
    while (std::isdigit(static_cast<unsigned char>(Peek()))) {
      moment_.micros += unit * (word_[at_++] - '0');
      unit /= 10;
    }
  }

  void Zone() {
    while (Peek() == ' ') ++at_;
    if (at_ == word_.size()) return;
    const std::string rest = Lower(word_.substr(at_));
    if (rest == "z" || rest == "utc" || rest == "gmt") {
      at_ = word_.size();
      return;
    }
    if (Peek() != '+' && Peek() != '-') Bad();
    const int sign = word_[at_++] == '-' ? -1 : 1;
    const int hours = Number(1, 2);
    int minutes = 0;
    if (Peek() == ':') ++at_;
    if (at_ < word_.size()) minutes = Number(2, 2);
    if (hours > 15 || minutes > 59) Range();
    moment_.offset_s = sign * (hours * 3600 + minutes * 60);
  }

  const std::string_view text_;
  const std::string word_;
  const PostgresType& type_;
  size_t at_ = 0;
  Moment moment_;
};

std::string TimeText(int64_t micros) {
  std::string text = fmt::format("{:02}:{:02}:{:02}", micros / 3'600'000'000,
                                 micros / 60'000'000 % 60, micros / 1'000'000 % 60);
  if (micros % 1'000'000 == 0) return text;
  text += fmt::format(".{:06}", micros % 1'000'000);
  while (text.back() == '0') text.pop_back();
  return text;
}

std::string MomentText(std::string_view text, const PostgresType& type) {
  std::string lower = Lower(Stripped(text));
  if (lower == "infinity" || lower == "-infinity") return lower;
  Moment moment = MomentReader(text, type).Read();
  std::string zone;
  if (type.kind == Kind::kTimestampTz) zone = "+00";
  const int shift = type.kind == Kind::kTimestampTz ? moment.offset_s : 0;
  const std::chrono::sys_days date{
      std::chrono::year_month_day{std::chrono::year(moment.year),
                                  std::chrono::month(static_cast<unsigned>(moment.month)),
                                  std::chrono::day(static_cast<unsigned>(moment.day))}};
  int64_t micros = date.time_since_epoch().count() * 86'400'000'000 + moment.micros -
                   shift * 1'000'000LL;
  const int64_t day = micros >= 0 ? micros / 86'400'000'000
                                  : -((-micros + 86'399'999'999) / 86'400'000'000);
  const std::chrono::year_month_day there{std::chrono::sys_days{std::chrono::days{day}}};
  std::string ymd = fmt::format("{:04}-{:02}-{:02}", static_cast<int>(there.year()),
                                static_cast<unsigned>(there.month()),
                                static_cast<unsigned>(there.day()));
  if (type.kind == Kind::kDate) return ymd;
  return ymd + " " + TimeText(micros - day * 86'400'000'000) + zone;
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

std::string BytesText(std::string_view text, const PostgresType& type) {
  std::string hex = "\\x";
  if (!text.starts_with("\\x")) {
    for (const char c : text) hex += fmt::format("{:02x}", static_cast<uint8_t>(c));
    return hex;
  }
  hex += Lower(text.substr(2));
  const bool good = hex.find_first_not_of("0123456789abcdef", 2) == hex.npos;
  if (!good || hex.size() % 2 != 0) {
    throw ApiError(400, "22023", "invalid hexadecimal data: odd number of digits");
  }
  return hex;
}

std::string ClockText(std::string_view text, const PostgresType& type) {
  const std::string word = Stripped(text);
  const std::string moment = "2000-01-01 " + word;
  PostgresType timestamp = PlainType(Kind::kTimestamp);
  try {
    return MomentText(moment, timestamp).substr(11);
  } catch (const ApiError&) {
    Invalid(text, type, "22007");
  }
}

std::string InetText(std::string_view text, const PostgresType& type) {
  std::string word = Stripped(text);
  if (word.empty() || word.find_first_not_of("0123456789abcdefABCDEF:./") != word.npos) {
    Invalid(text, type);
  }
  if (word.find('/') != word.npos) return word;
  return word + (word.find(':') == word.npos ? "/32" : "/128");
}

std::string ListInputText(std::string_view text, const PostgresType& type) {
  auto elements = ArrayElements(text);
  for (auto& element : elements) {
    if (element && !element->starts_with('{')) {
      element = InputText(*element, type.element.at(0));
    }
  }
  return ArrayLiteral(elements);
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
    case Kind::kBigint: return std::to_string(IntegerOf(text, type));
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
    case Kind::kBigint: return SqlValue(IntegerOf(text, column), column.sql);
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
