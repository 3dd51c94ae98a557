#include "api/request_query.h"

#include <algorithm>
#include <charconv>

#include "api/api_error.h"
#include "api/field_grammar.h"
#include "api/request_grammar.h"

namespace shoestring {

namespace {

using Parameters = std::vector<std::pair<std::string, std::optional<std::string>>>;

int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string EncodePercent(std::string_view text) {
  std::string encoded;
  for (const char c : text) {
    const bool plain = (c >= '0' && c <= '9') ||
                       ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '-' || c == '_' ||
                       c == '.' || c == '~';
    if (plain) {
      encoded += c;
    } else {
      encoded += fmt::format("%{:02X}", static_cast<uint8_t>(c));
    }
  }
  return encoded;
}

/// In order of their names; the values of one name joined by commas.
std::string Canonical(Parameters parameters) {
  std::ranges::stable_sort(parameters, {}, &Parameters::value_type::first);
  std::string text;
  const std::string* last = nullptr;
  for (const auto& [name, value] : parameters) {
    if (last && *last == name) {
      text += ',';
    } else {
      text += (last ? "&" : "") + EncodePercent(name) + "=";
    }
    text += EncodePercent(value.value_or(""));
    last = &name;
  }
  return text;
}

std::string LastSegment(const std::string& key) { return key.substr(key.rfind('.') + 1); }

/// Whole numbers only; others are as if they were not there.
std::optional<int64_t> NumberIn(std::string_view text) {
  const std::string digits = Stripped(text);
  int64_t number = 0;
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return number;
}

class QueryReader {
 public:
  QueryReader(bool function, int max_depth) : function_(function), limit_{max_depth} {}

  RequestQuery Read(const Parameters& parameters) {
    query_.canonical = Canonical(parameters);
    std::optional<std::string> select;
    for (const auto& [key, value] : parameters) {
      if (key == "select" && !select) select = value.value_or("*");
      if (value) Parameter(key, *value);
    }
    query_.select = ParseSelect(select.value_or("*"), limit_);
    return std::move(query_);
  }

 private:
  void Parameter(const std::string& key, const std::string& value) {
    if (key == "select" || key == "on_conflict") return;
    if (key == "columns") {
      if (!query_.columns) query_.columns = ParseColumns(value);
      return;
    }
    const std::string last = LastSegment(key);
    if (last == "order") {
      query_.orders.emplace_back(ParseTreePath(key).first, ParseOrder(value));
    } else if (last == "limit" || last == "offset") {
      PageBounds& range = query_.ranges[ParseTreePath(key).first];
      (last == "limit" ? range.limit : range.offset) = NumberIn(value);
    } else if (last == "and" || last == "or") {
      query_.filters.push_back(ParseLogic(key, value, limit_));
    } else {
      Condition(key, value);
    }
  }

  void Condition(const std::string& key, const std::string& value) {
    auto [path, field] = ParseTreePath(key);
    if (function_ && !IsFilter(value)) {
      query_.arguments.emplace_back(field.name, value);
      return;
    }
    LogicTree tree;
    tree.filter = ParseFilter(value);
    tree.filter->field = std::move(field);
    query_.filters.emplace_back(std::move(path), std::move(tree));
  }

  const bool function_;
  const NestingLimit limit_;
  RequestQuery query_;
};

}  // namespace

std::string DecodePercent(std::string_view text, bool plus) {
  std::string decoded;
  for (size_t i = 0; i < text.size(); ++i) {
    if (plus && text[i] == '+') {
      decoded += ' ';
      continue;
    }
    const bool escape = text[i] == '%' && i + 2 < text.size() &&
                        HexValue(text[i + 1]) >= 0 && HexValue(text[i + 2]) >= 0;
    if (!escape) {
      decoded += text[i];
      continue;
    }
    decoded += static_cast<char>(HexValue(text[i + 1]) * 16 + HexValue(text[i + 2]));
    i += 2;
  }
  return decoded;
}

Parameters SplitQuery(std::string_view raw) {
  Parameters parameters;
  while (!raw.empty()) {
    const std::string_view part = raw.substr(0, raw.find('&'));
    raw.remove_prefix(std::min(raw.size(), part.size() + 1));
    if (part.empty()) continue;
    const size_t equals = part.find('=');
    std::string name = DecodePercent(part.substr(0, equals), /*plus=*/true);
    if (name == "apikey") continue;
    std::optional<std::string> value;
    if (equals != part.npos) value = DecodePercent(part.substr(equals + 1), true);
    parameters.emplace_back(std::move(name), std::move(value));
  }
  return parameters;
}

RequestQuery ParseRequestQuery(std::string_view raw, bool function, int max_depth) {
  return QueryReader(function, max_depth).Read(SplitQuery(raw));
}

}  // namespace shoestring
