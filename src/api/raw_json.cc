#include "api/raw_json.h"

#include <boost/json.hpp>

#include <algorithm>
#include <map>

#include "api/api_error.h"
#include "engine/value_text.h"

namespace shoestring {

namespace {

/// Moves over one value after another of a text.
class Cursor {
 public:
  explicit Cursor(std::string_view text) : text_(text) {}

  void SkipSpaces() {
    while (at_ < text_.size() &&
           std::string_view(" \t\r\n").find(text_[at_]) != std::string_view::npos) {
      ++at_;
    }
  }

  char Peek() {
    SkipSpaces();
    return at_ < text_.size() ? text_[at_] : '\0';
  }

  bool Take(char c) {
    if (Peek() != c) return false;
    ++at_;
    return true;
  }

  std::string_view String() {
    const size_t start = at_++;
    while (at_ < text_.size() && text_[at_] != '"') at_ += text_[at_] == '\\' ? 2 : 1;
    at_ = std::min(at_ + 1, text_.size());
    return text_.substr(start, at_ - start);
  }

  /// One value, whatever it is.
  std::string_view Value() {
    const char first = Peek();
    const size_t start = at_;
    if (first == '"') return String();
    if (first == '{' || first == '[') {
      Nested();
    } else {
      const size_t end = text_.find_first_of(",]} \t\r\n", at_);
      at_ = std::max(std::min(end, text_.size()), std::min(at_ + 1, text_.size()));
    }
    return text_.substr(start, at_ - start);
  }

 private:
  void Nested() {
    int depth = 0;
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '"') {
        String();
        continue;
      }
      if (c == '{' || c == '[') ++depth;
      if (c == '}' || c == ']') --depth;
      ++at_;
      if (depth == 0) return;
    }
  }

  std::string_view text_;
  size_t at_ = 0;
};

template <typename Each>
void ForEachMember(std::string_view json, const Each& each) {
  Cursor cursor(json);
  if (!cursor.Take('{')) return;
  while (cursor.Peek() == '"') {
    const std::string_view key = cursor.String();
    cursor.Take(':');
    each(key, cursor.Value());
    if (!cursor.Take(',')) return;
  }
}

template <typename Each>
void ForEachElement(std::string_view json, const Each& each) {
  Cursor cursor(json);
  if (!cursor.Take('[')) return;
  while (cursor.Peek() != ']' && cursor.Peek() != '\0') {
    each(cursor.Value());
    if (!cursor.Take(',')) return;
  }
}

std::string_view Trimmed(std::string_view json) {
  const size_t begin = json.find_first_not_of(" \t\r\n");
  if (begin == json.npos) return "";
  return json.substr(begin, json.find_last_not_of(" \t\r\n") + 1 - begin);
}

std::string Unquoted(std::string_view quoted) {
  boost::system::error_code error;
  const auto value =
      boost::json::parse(boost::json::string_view(quoted.data(), quoted.size()), error);
  if (error || !value.is_string()) return std::string(quoted);
  const auto& text = value.get_string();
  return std::string(text.data(), text.size());
}

/// A string again, with the escapes that Postgres writes.
std::string Requoted(std::string_view quoted) {
  std::string text;
  AppendJsonString(Unquoted(quoted), &text);
  return text;
}

/// 1e2 as 100, -0 as 0, as jsonb keeps numbers; those with very large exponents stay.
std::string PlainNumber(std::string_view number) {
  const size_t exponent_at = number.find_first_of("eE");
  if (exponent_at == number.npos) return number == "-0" ? "0" : std::string(number);
  const int exponent = std::atoi(std::string(number.substr(exponent_at + 1)).c_str());
  if (std::abs(exponent) > 1000) return std::string(number);
  std::string digits;
  std::string sign;
  int point = -1;
  for (const char c : number.substr(0, exponent_at)) {
    if (c == '-') {
      sign = "-";
    } else if (c == '.') {
      point = static_cast<int>(digits.size());
    } else {
      digits += c;
    }
  }
  if (point < 0) point = static_cast<int>(digits.size());
  point += exponent;
  if (point <= 0) digits.insert(0, static_cast<size_t>(1 - point), '0');
  point = std::max(point, 1);
  if (digits.size() < static_cast<size_t>(point))
    digits.append(static_cast<size_t>(point) - digits.size(), '0');
  if (digits.size() > static_cast<size_t>(point))
    digits.insert(static_cast<size_t>(point), ".");
  const size_t zeros = digits.find_first_not_of('0');
  if (zeros != digits.npos && zeros > 0 && digits[zeros] != '.') digits.erase(0, zeros);
  if (zeros != digits.npos && zeros > 1 && digits[zeros] == '.')
    digits.erase(0, zeros - 1);
  return sign + digits;
}

struct Style {
  bool spaces = false;
  bool sorted = false;
  bool nulls = true;
  bool plain = false;  ///< Strings and numbers as jsonb has them.
};

void Write(std::string_view json, const Style& style, std::string* to);

void WriteObject(std::string_view json, const Style& style, std::string* to) {
  std::vector<std::pair<std::string, std::string_view>> members;
  ForEachMember(json, [&](std::string_view key, std::string_view value) {
    if (!style.nulls && value == "null") return;
    std::string name = style.plain ? Requoted(key) : std::string(key);
    const auto same =
        style.sorted ? std::ranges::find(members, name,
                                         [](const auto& member) { return member.first; })
                     : members.end();
    if (same != members.end()) {
      same->second = value;
    } else {
      members.emplace_back(std::move(name), value);
    }
  });
  if (style.sorted) {
    std::ranges::sort(members, [](const auto& a, const auto& b) {
      return std::pair(a.first.size(), std::string_view(a.first)) <
             std::pair(b.first.size(), std::string_view(b.first));
    });
  }
  to->push_back('{');
  for (size_t i = 0; i < members.size(); ++i) {
    if (i > 0) to->append(style.spaces ? ", " : ",");
    to->append(members[i].first).append(style.spaces ? ": " : ":");
    Write(members[i].second, style, to);
  }
  to->push_back('}');
}

void Write(std::string_view json, const Style& style, std::string* to) {
  json = Trimmed(json);
  if (json.starts_with('{')) return WriteObject(json, style, to);
  if (json.starts_with('[')) {
    to->push_back('[');
    bool first = true;
    ForEachElement(json, [&](std::string_view value) {
      if (!first) to->append(style.spaces ? ", " : ",");
      first = false;
      Write(value, style, to);
    });
    to->push_back(']');
    return;
  }
  const bool number =
      !json.empty() && (json[0] == '-' || (json[0] >= '0' && json[0] <= '9'));
  if (style.plain && number) {
    to->append(PlainNumber(json));
  } else if (style.plain && json.starts_with('"')) {
    to->append(Requoted(json));
  } else {
    to->append(json);
  }
}

std::string Written(std::string_view json, const Style& style) {
  std::string text;
  Write(json, style, &text);
  return text;
}

}  // namespace

void CheckJson(std::string_view text) {
  boost::system::error_code error;
  boost::json::stream_parser parser(boost::json::storage_ptr(),
                                    boost::json::parse_options{.max_depth = 128});
  parser.write(text.data(), text.size(), error);
  if (!error) parser.finish(error);
  if (!error) return;
  throw ApiError(400, "22P02", "invalid input syntax for type json")
      .WithDetails(text.empty()
                       ? "The input string ended unexpectedly."
                       : fmt::format("Token \"{}\" is invalid.", text.substr(0, 100)));
}

std::optional<std::string_view> JsonAt(std::string_view json, const JsonStep& step) {
  std::optional<std::string_view> found;
  if (const auto* key = std::get_if<std::string>(&step)) {
    ForEachMember(json, [&](std::string_view name, std::string_view value) {
      if (Unquoted(name) == *key) found = value;
    });
    return found;
  }
  std::vector<std::string_view> elements;
  ForEachElement(json, [&](std::string_view value) { elements.push_back(value); });
  int64_t place = std::get<int64_t>(step);
  if (place < 0) place += static_cast<int64_t>(elements.size());
  if (place < 0 || place >= static_cast<int64_t>(elements.size())) return std::nullopt;
  return elements[static_cast<size_t>(place)];
}

std::optional<std::string> JsonAsText(std::string_view json) {
  json = Trimmed(json);
  if (json == "null") return std::nullopt;
  return json.starts_with('"') ? Unquoted(json) : std::string(json);
}

std::string NormalizedJson(std::string_view json) {
  return Written(json, {.spaces = true, .sorted = true, .plain = true});
}

std::string MinifiedJson(std::string_view json) {
  return Written(json, {.sorted = true, .plain = true});
}

std::string WithoutNulls(std::string_view json) {
  return Written(json, {.nulls = false});
}

}  // namespace shoestring
