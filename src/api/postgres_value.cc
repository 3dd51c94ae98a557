#include "api/postgres_value.h"

#include <arrow/api.h>
#include <arrow/util/decimal.h>

#include <algorithm>
#include <cmath>

#include "api/api_error.h"
#include "api/input_value.h"
#include "api/raw_json.h"
#include "engine/value_text.h"

namespace shoestring {

namespace {

using Kind = PostgresType::Kind;

const arrow::Array* AsList(const arrow::Array& array, int64_t row, int64_t* from,
                           int64_t* count) {
  if (array.type_id() == arrow::Type::LIST) {
    const auto& list = static_cast<const arrow::ListArray&>(array);
    *from = list.value_offset(row);
    *count = list.value_length(row);
    return list.values().get();
  }
  if (array.type_id() == arrow::Type::LARGE_LIST) {
    const auto& list = static_cast<const arrow::LargeListArray&>(array);
    *from = list.value_offset(row);
    *count = list.value_length(row);
    return list.values().get();
  }
  return nullptr;
}

bool IsString(const arrow::Array& array) {
  return array.type_id() == arrow::Type::STRING ||
         array.type_id() == arrow::Type::LARGE_STRING;
}

/// "1234.5" as "$1,234.50".
std::string MoneyText(std::string_view number) {
  const bool negative = number.starts_with('-');
  if (negative) number.remove_prefix(1);
  const std::string_view whole = number.substr(0, number.find('.'));
  std::string text = negative ? "-$" : "$";
  for (size_t i = 0; i < whole.size(); ++i) {
    if (i > 0 && (whole.size() - i) % 3 == 0) text += ',';
    text += whole[i];
  }
  return text + std::string(number.substr(whole.size()));
}

std::string Padded(std::string text, const PostgresType& type) {
  const auto characters = static_cast<size_t>(std::ranges::count_if(
      text, [](char c) { return (static_cast<uint8_t>(c) & 0xc0) != 0x80; }));
  const auto length = static_cast<size_t>(type.length);
  if (characters < length) text.append(length - characters, ' ');
  return text;
}

/// What the type's output function prints, where that is not its ::text.
std::string OutputText(std::string text, const PostgresType& type) {
  if (type.kind == Kind::kBlankPadded) return Padded(std::move(text), type);
  if (type.kind != Kind::kInet || type.name != "inet") return text;
  const bool v6 = text.find(':') != text.npos;
  const std::string_view mask = v6 ? "/128" : "/32";
  if (text.ends_with(mask)) text.resize(text.size() - mask.size());
  return text;
}

/// "2024-01-02 03:04:05+00" as "2024-01-02T03:04:05+00:00".
std::string IsoTime(std::string_view text, const PostgresType& type) {
  std::string iso(text);
  const size_t space = iso.find(' ');
  if (space != iso.npos) iso[space] = 'T';
  const bool zone = type.kind == Kind::kTimestampTz && iso.size() > 3 &&
                    (iso[iso.size() - 3] == '+' || iso[iso.size() - 3] == '-');
  return zone ? iso + ":00" : iso;
}

void AppendJsonArrayOfText(std::string_view literal, const PostgresType& element,
                           std::string* to) {
  to->push_back('[');
  bool first = true;
  for (const auto& value : ArrayElements(literal)) {
    if (!first) to->push_back(',');
    first = false;
    if (!value) {
      to->append("null");
    } else if (value->starts_with('{') && !element.IsJson()) {
      AppendJsonArrayOfText(*value, element, to);
    } else {
      AppendJsonOfText(*value, element, to);
    }
  }
  to->push_back(']');
}

bool IsFiniteNumber(std::string_view text) {
  return !text.empty() &&
         (text.back() == '.' || (text.back() >= '0' && text.back() <= '9'));
}

std::string PlainText(const arrow::Array& array, int64_t row) {
  std::string text;
  AppendText(array, row, &text);
  return text;
}

std::string ListText(const arrow::Array& values, int64_t from, int64_t count,
                     const PostgresType& element) {
  std::vector<std::optional<std::string>> elements;
  for (int64_t i = 0; i < count; ++i) {
    auto text = PostgresText(values, from + i, element);
    if (text && element.kind == Kind::kBoolean) *text = text->substr(0, 1);
    elements.push_back(std::move(text));
  }
  return ArrayLiteral(elements);
}

bool NeedsQuotes(std::string_view element) {
  if (element.empty()) return true;
  if (element.size() == 4) {
    std::string lower(element);
    std::ranges::transform(lower, lower.begin(),
                           [](unsigned char c) { return std::tolower(c); });
    if (lower == "null") return true;
  }
  return element.find_first_of("{},\"\\ \t\n\r\v\f") != element.npos;
}

[[noreturn]] void MalformedArray(std::string_view literal, const char* details) {
  throw ApiError(400, "22P02", fmt::format("malformed array literal: \"{}\"", literal))
      .WithDetails(details);
}

/// Reads '{…}': quotes, backslashes, NULL, and arrays in arrays as they stand.
class ArrayReader {
 public:
  explicit ArrayReader(std::string_view literal) : literal_(literal) {}

  std::vector<std::optional<std::string>> Read() {
    SkipSpaces();
    if (at_ == literal_.size() || literal_[at_] != '{') {
      MalformedArray(literal_,
                     "Array value must start with \"{\" or dimension information.");
    }
    ++at_;
    SkipSpaces();
    if (Peek() == '}') return End();
    for (;;) {
      Element();
      SkipSpaces();
      if (Peek() == '}') return End();
      if (Peek() != ',') MalformedArray(literal_, "Unexpected end of input.");
      ++at_;
      SkipSpaces();
    }
  }

 private:
  char Peek() const { return at_ < literal_.size() ? literal_[at_] : '\0'; }

  void SkipSpaces() {
    while (at_ < literal_.size() &&
           std::isspace(static_cast<unsigned char>(literal_[at_])))
      ++at_;
  }

  std::vector<std::optional<std::string>> End() {
    ++at_;
    SkipSpaces();
    if (at_ != literal_.size())
      MalformedArray(literal_, "Junk after closing right brace.");
    return std::move(elements_);
  }

  void Element() {
    if (Peek() == '"') return Quoted();
    if (Peek() == '{') return Nested();
    std::string text;
    while (at_ < literal_.size() && Peek() != ',' && Peek() != '}') {
      if (Peek() == '"' || Peek() == '{')
        MalformedArray(literal_, "Incorrectly quoted array element.");
      if (Peek() == '\\') ++at_;
      if (at_ < literal_.size()) text += literal_[at_++];
    }
    while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back())))
      text.pop_back();
    if (text.empty()) MalformedArray(literal_, "Unexpected \"}\" character.");
    std::string lower(text);
    std::ranges::transform(lower, lower.begin(),
                           [](unsigned char c) { return std::tolower(c); });
    elements_.push_back(lower == "null" ? std::nullopt : std::optional(std::move(text)));
  }

  void Quoted() {
    std::string text;
    for (++at_; Peek() != '"'; ++at_) {
      if (Peek() == '\\') ++at_;
      if (at_ >= literal_.size()) MalformedArray(literal_, "Unexpected end of input.");
      text += literal_[at_];
    }
    ++at_;
    elements_.emplace_back(std::move(text));
  }

  void Nested() {
    const size_t start = at_;
    int depth = 0;
    bool quoted = false;
    for (; at_ < literal_.size(); ++at_) {
      const char c = literal_[at_];
      if (c == '\\') {
        ++at_;
      } else if (c == '"') {
        quoted = !quoted;
      } else if (!quoted && c == '{') {
        ++depth;
      } else if (!quoted && c == '}' && --depth == 0) {
        ++at_;
        elements_.emplace_back(std::string(literal_.substr(start, at_ - start)));
        return;
      }
    }
    MalformedArray(literal_, "Unexpected end of input.");
  }

  std::string_view literal_;
  size_t at_ = 0;
  std::vector<std::optional<std::string>> elements_;
};

struct Decimal {
  arrow::Decimal256 digits;
  int32_t scale = 0;
};

Decimal ParseDecimal(std::string_view text) {
  Decimal decimal;
  int32_t precision = 0;
  if (!arrow::Decimal256::FromString(text, &decimal.digits, &precision, &decimal.scale)
           .ok()) {
    throw Fail(ErrorKind::kInternal, "Not a decimal: {}", text);
  }
  return decimal;
}

/// "-5" as "-0.05" for a scale of 2.
std::string WithPoint(std::string digits, size_t scale) {
  const bool negative = digits.starts_with('-');
  if (negative) digits.erase(0, 1);
  if (digits.size() <= scale) digits.insert(0, scale + 1 - digits.size(), '0');
  if (scale > 0) digits.insert(digits.size() - scale, ".");
  return negative ? "-" + digits : digits;
}

/// The weight of a numeric's first group of four digits, and that group.
std::pair<int, int> FirstGroup(const Decimal& decimal) {
  std::string digits =
      arrow::Decimal256(arrow::Decimal256::Abs(decimal.digits)).ToIntegerString();
  if (digits == "0") return {0, 0};
  const int before = static_cast<int>(digits.size()) - decimal.scale;
  const int weight = before > 0 ? (before - 1) / 4 : -((-before) / 4 + 1);
  const int length = before - weight * 4;
  digits.append(4, '0');
  return {
      weight,
      std::atoi(digits.substr(0, static_cast<size_t>(std::clamp(length, 1, 4))).c_str())};
}

}  // namespace

std::vector<std::optional<std::string>> ArrayElements(std::string_view literal) {
  return ArrayReader(literal).Read();
}

std::string ArrayLiteral(const std::vector<std::optional<std::string>>& elements) {
  std::string literal = "{";
  for (const auto& element : elements) {
    if (literal.size() > 1) literal += ',';
    if (!element) {
      literal += "NULL";
    } else if (!NeedsQuotes(*element)) {
      literal += *element;
    } else {
      literal += '"';
      for (const char c : *element) {
        if (c == '"' || c == '\\') literal += '\\';
        literal += c;
      }
      literal += '"';
    }
  }
  return literal + "}";
}

std::optional<std::string> PostgresText(const arrow::Array& array, int64_t row,
                                        const PostgresType& type) {
  if (array.type_id() == arrow::Type::NA || array.IsNull(row)) return std::nullopt;
  int64_t from = 0;
  int64_t count = 0;
  if (const auto* values = AsList(array, row, &from, &count)) {
    const PostgresType text;
    return ListText(*values, from, count,
                    type.kind == Kind::kList ? type.element.at(0) : text);
  }
  std::string text = PlainText(array, row);
  if (type.kind == Kind::kMoney) return MoneyText(text);
  return text;
}

void AppendJsonOfText(std::string_view text, const PostgresType& type, std::string* to) {
  switch (type.kind) {
    case Kind::kBoolean: to->append(text.starts_with('t') ? "true" : "false"); return;
    case Kind::kSmallint:
    case Kind::kInteger:
    case Kind::kBigint:
    case Kind::kReal:
    case Kind::kDouble:
    case Kind::kNumeric:
      if (!IsFiniteNumber(text)) break;
      to->append(text);
      return;
    case Kind::kJson:
    case Kind::kJsonb: to->append(text); return;
    case Kind::kTimestamp:
    case Kind::kTimestampTz: return AppendJsonString(IsoTime(text, type), to);
    case Kind::kList: return AppendJsonArrayOfText(text, type.element.at(0), to);
    default: break;
  }
  AppendJsonString(OutputText(std::string(text), type), to);
}

void AppendPostgresJson(const arrow::Array& array, int64_t row, const PostgresType& type,
                        std::string* to) {
  if (array.type_id() == arrow::Type::NA || array.IsNull(row)) {
    to->append("null");
    return;
  }
  int64_t from = 0;
  int64_t count = 0;
  if (const auto* values = AsList(array, row, &from, &count);
      values && type.kind == Kind::kList) {
    to->push_back('[');
    for (int64_t i = 0; i < count; ++i) {
      if (i > 0) to->push_back(',');
      AppendPostgresJson(*values, from + i, type.element.at(0), to);
    }
    to->push_back(']');
    return;
  }
  const bool as_text = type.kind == Kind::kMoney || type.kind == Kind::kOther ||
                       type.kind == Kind::kReal ||
                       (IsString(array) && type.kind != Kind::kText);
  if (!as_text) return AppendJson(array, row, to);
  AppendJsonOfText(*PostgresText(array, row, type), type, to);
}

void AppendCsvText(std::string_view text, std::string* to) {
  const bool quoted =
      text.empty() || text.find_first_of("\"\\(), \t\n\r\v\f") != text.npos;
  if (!quoted) {
    to->append(text);
    return;
  }
  to->push_back('"');
  for (const char c : text) {
    if (c == '"' || c == '\\') to->push_back(c);
    to->push_back(c);
  }
  to->push_back('"');
}

void AppendPostgresCsv(const arrow::Array& array, int64_t row, const PostgresType& type,
                       std::string* to) {
  const auto text = PostgresText(array, row, type);
  if (!text) return;
  if (type.kind == Kind::kBoolean) {
    to->push_back(text->at(0));
  } else {
    AppendCsvText(OutputText(*text, type), to);
  }
}

std::string CastText(std::string_view text, const PostgresType& from,
                     const PostgresType& to) {
  const auto bad_cast = [&] {
    return ApiError(400, "42846",
                    fmt::format("cannot cast type {} to {}", from.name, to.name));
  };
  switch (to.kind) {
    case Kind::kText:
    case Kind::kJson:
    case Kind::kJsonb:
      if (to.IsJson()) CheckJson(text);
      return to.kind == Kind::kJsonb ? NormalizedJson(text) : std::string(text);
    case Kind::kBlankPadded: return std::string(text.substr(0, 1));
    case Kind::kList:
      if (from.kind == Kind::kList || from.IsText()) {
        std::vector<std::optional<std::string>> elements = ArrayElements(text);
        const PostgresType inner = from.kind == Kind::kList ? from.element.at(0) : from;
        for (auto& element : elements) {
          if (element) element = CastText(*element, inner, to.element.at(0));
        }
        return ArrayLiteral(elements);
      }
      throw bad_cast();
    case Kind::kBoolean:
      if (from.IsNumber()) return text == "0" ? "false" : "true";
      break;
    case Kind::kSmallint:
    case Kind::kInteger:
    case Kind::kBigint:
      if (from.kind == Kind::kBoolean) return text.starts_with('t') ? "1" : "0";
      if (from.IsNumber()) return RoundedInteger(text, to);
      break;
    default: break;
  }
  return InputText(text, to);
}

std::string DividedNumeric(std::string_view numerator, std::string_view denominator) {
  const Decimal above = ParseDecimal(numerator);
  const Decimal below = ParseDecimal(denominator);
  const auto [weight1, first1] = FirstGroup(above);
  const auto [weight2, first2] = FirstGroup(below);
  const int weight = weight1 - weight2 - (first1 <= first2 ? 1 : 0);
  const int32_t scale = std::max({16 - weight * 4, above.scale, below.scale, 0});
  // One digit more, to round by.
  const int32_t shift = scale + 1 - above.scale + below.scale;
  const auto scaled = above.digits.Rescale(0, shift);
  if (!scaled.ok()) return InexactQuotient(numerator, denominator);
  auto quotient = arrow::Decimal256(*scaled / below.digits);
  const bool negative = quotient < arrow::Decimal256(0);
  quotient += arrow::Decimal256(negative ? -5 : 5);
  return WithPoint(arrow::Decimal256(quotient / arrow::Decimal256(10)).ToIntegerString(),
                   static_cast<size_t>(scale));
}

std::string InexactQuotient(std::string_view numerator, std::string_view denominator) {
  const double quotient = std::strtod(std::string(numerator).c_str(), nullptr) /
                          std::strtod(std::string(denominator).c_str(), nullptr);
  arrow::DoubleBuilder builder;
  std::shared_ptr<arrow::Array> array;
  if (!builder.Append(quotient).ok() || !builder.Finish(&array).ok()) {
    throw Fail(ErrorKind::kInternal, "No memory for a number");
  }
  return PlainText(*array, 0);
}

}  // namespace shoestring
