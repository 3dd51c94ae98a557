#include "sql/text_vector.h"

#include <boost/json/parse.hpp>

#include <algorithm>
#include <charconv>

#include "base/error.h"

namespace shoestring {

namespace {

namespace json = boost::json;

/// What a tsvector can say of a position.
constexpr int kLastPosition = 16383;

/// Of JSON within JSON.
constexpr size_t kDeepest = 1000;

/// The strings of a document, one after the other, with a gap between them.
class JsonStrings {
 public:
  JsonStrings(const TextConfiguration& configuration, TextVector* vector)
      : configuration_(configuration), vector_(*vector) {}

  void Add(const json::value& value) {
    if (const auto* text = value.if_string()) {
      AddText({text->data(), text->size()});
    } else if (const auto* array = value.if_array()) {
      for (const json::value& each : *array) Add(each);
    } else if (const auto* object = value.if_object()) {
      for (const auto& member : *object) Add(member.value());
    }
  }

  void AddText(std::string_view text) {
    const int before = last_;
    for (Lexeme& lexeme : configuration_.Lexemes(text)) {
      last_ = std::min(before + lexeme.position, kLastPosition);
      vector_[std::move(lexeme.text)].push_back(last_);
    }
    ++last_;
  }

 private:
  const TextConfiguration& configuration_;
  TextVector& vector_;
  int last_ = 0;
};

class VectorReader {
 public:
  explicit VectorReader(std::string_view text) : text_(text) {}

  TextVector Read() {
    TextVector vector;
    while (at_ < text_.size()) {
      if (Take(' ')) continue;
      std::vector<int>& positions = vector[Word()];
      if (Take(':')) {
        do positions.push_back(Position());
        while (Take(','));
      }
    }
    return vector;
  }

 private:
  [[noreturn]] void Bad() const {
    throw Fail(ErrorKind::kData, "This is no tsvector: {}", text_);
  }

  bool Take(char c) {
    if (at_ == text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  /// '…', with ' and \ doubled.
  std::string Word() {
    if (!Take('\'')) Bad();
    std::string word;
    while (at_ < text_.size()) {
      const char c = text_[at_++];
      if (c == '\'' && !Take('\'')) return word;
      if (c == '\\' && !Take('\\')) Bad();
      word += c;
    }
    Bad();
  }

  int Position() {
    int position = 0;
    const char* end = text_.data() + text_.size();
    const auto read = std::from_chars(text_.data() + at_, end, position);
    if (read.ec != std::errc() || position < 1 || position > kLastPosition) Bad();
    at_ = static_cast<size_t>(read.ptr - text_.data());
    for (const char weight : {'A', 'B', 'C', 'D'}) {
      if (Take(weight)) break;
    }
    return position;
  }

  const std::string_view text_;
  size_t at_ = 0;
};

}  // namespace

TextVector VectorOfText(const TextConfiguration& configuration, std::string_view text) {
  TextVector vector;
  JsonStrings(configuration, &vector).AddText(text);
  return vector;
}

TextVector VectorOfJson(const TextConfiguration& configuration, std::string_view text) {
  boost::system::error_code error;
  const json::value value = json::parse(text, error, {}, {.max_depth = kDeepest});
  if (error) throw Fail(ErrorKind::kData, "This is no JSON: {}", text);
  TextVector vector;
  JsonStrings(configuration, &vector).Add(value);
  return vector;
}

std::string QuoteLexeme(std::string_view lexeme) {
  std::string quoted = "'";
  for (const char c : lexeme) {
    if (c == '\'' || c == '\\') quoted += c;
    quoted += c;
  }
  return quoted + "'";
}

std::string FormatTextVector(const TextVector& vector) {
  std::string text;
  for (const auto& [lexeme, positions] : vector) {
    if (!text.empty()) text += ' ';
    text += QuoteLexeme(lexeme);
    for (size_t i = 0; i < positions.size(); ++i) {
      text += fmt::format("{}{}", i == 0 ? ":" : ",", positions[i]);
    }
  }
  return text;
}

TextVector ParseTextVector(std::string_view text) { return VectorReader(text).Read(); }

}  // namespace shoestring
