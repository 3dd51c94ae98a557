#include "api/postgres_value.h"

#include <arrow/api.h>

#include <algorithm>

#include "api/api_error.h"
#include "api/array_literal.h"
#include "api/input_value.h"
#include "api/moment_text.h"
#include "api/raw_json.h"
#include "engine/time_text.h"
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

bool IsZoned(const PostgresType& type) {
  return type.kind == Kind::kTimestampTz && type.zone;
}

std::string MomentIn(const TimeZone& zone, const arrow::TimestampArray& array,
                     int64_t row) {
  std::string text;
  AppendMoment(array, row, zone.OffsetAt(MomentSeconds(array, row)), &text);
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

}  // namespace

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
  if (IsZoned(type) && array.type_id() == arrow::Type::TIMESTAMP) {
    return MomentIn(*type.zone, static_cast<const arrow::TimestampArray&>(array), row);
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
                       type.kind == Kind::kOid || type.kind == Kind::kReal ||
                       IsZoned(type) || (IsString(array) && type.kind != Kind::kText);
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
  if (to.kind == Kind::kTimestampTz) return ShownMoment(text, to);
  return InputText(text, to);
}

}  // namespace shoestring
