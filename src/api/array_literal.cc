#include "api/array_literal.h"

#include <algorithm>
#include <cctype>

#include "api/api_error.h"

namespace shoestring {

namespace {

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
    SkipBounds();
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

  /// "[0:1]=": which numbers the elements have, which JSON does not show.
  void SkipBounds() {
    if (Peek() != '[') return;
    const size_t end = literal_.find_first_not_of("[]:+-0123456789 ", at_);
    if (end == literal_.npos || literal_[end] != '=') return;
    at_ = end + 1;
    SkipSpaces();
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

}  // namespace shoestring
