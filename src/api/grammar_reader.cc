#include "api/grammar_reader.h"

#include <algorithm>
#include <utility>

#include "api/api_error.h"
#include "base/utf8.h"

namespace shoestring {

namespace {

/// Bytes of UTF-8 as code points; false for anything else.
bool Decode(std::string_view bytes, std::u32string* text) {
  while (!bytes.empty()) {
    const Utf8Character first = FirstCharacter(bytes);
    if (first.bytes == 0) return false;
    text->push_back(first.point);
    bytes.remove_prefix(first.bytes);
  }
  return true;
}

bool Contains(std::string_view characters, char32_t point) {
  return point < 0x80 && characters.find(static_cast<char>(point)) != characters.npos;
}

/// Letters of all scripts; beyond ASCII all but signs, spaces and symbols.
bool IsLetter(char32_t point) {
  if (point < 0x80) return (point | 0x20) >= 'a' && (point | 0x20) <= 'z';
  if (point < 0xc0) return point == 0xaa || point == 0xb5 || point == 0xba;
  if (point == 0xd7 || point == 0xf7) return false;
  const bool symbols = (point >= 0x2000 && point < 0x2c00) || point == 0x3000 ||
                       (point >= 0xe000 && point < 0xf900) ||
                       (point >= 0x1f000 && point < 0x20000);
  return !symbols;
}

/// As Haskell shows a character inside of quotes.
std::string Shown(char32_t point, char quote) {
  switch (point) {
    case '\n': return "\\n";
    case '\r': return "\\r";
    case '\t': return "\\t";
    case '\\': return "\\\\";
    default: break;
  }
  if (point == static_cast<char32_t>(quote)) return std::string("\\") + quote;
  if (point >= 0x20 && point < 0x7f) return std::string(1, static_cast<char>(point));
  return fmt::format("\\{}", static_cast<uint32_t>(point));
}

std::string ShownText(std::string_view text) {
  std::string shown = "\"";
  for (const char c : text) shown += Shown(static_cast<uint8_t>(c), '"');
  return shown + '"';
}

/// "a, b or c", each once.
std::string Listed(const std::vector<std::string>& texts) {
  std::vector<std::string> once;
  for (const std::string& text : texts) {
    if (text.empty() || std::ranges::find(once, text) != once.end()) continue;
    once.push_back(text);
  }
  std::string list;
  for (size_t i = 0; i < once.size(); ++i) {
    if (i > 0) list += i + 1 == once.size() ? " or " : ", ";
    list += once[i];
  }
  return list;
}

}  // namespace

GrammarReader::GrammarReader(std::string_view text, std::string what)
    : what_(std::move(what)) {
  if (!Decode(text, &text_)) {
    throw ApiError(400, "PGRST100", "The URL is not UTF-8 after its percent-encoding");
  }
  if (text.find('\0') != text.npos) {
    throw ApiError(400, "22021", "invalid byte sequence for encoding \"UTF8\": 0x00");
  }
}

GrammarReader::Failure GrammarReader::Merge(Failure first, Failure second) {
  if (second.messages.empty() && !first.messages.empty()) return first;
  if (first.messages.empty() && !second.messages.empty()) return second;
  if (first.at != second.at) return first.at > second.at ? first : second;
  first.messages.insert(first.messages.end(), second.messages.begin(),
                        second.messages.end());
  return first;
}

bool GrammarReader::Fail(Failure failure) {
  failure_ = Merge(std::move(failure_), std::move(failure));
  return false;
}

bool GrammarReader::Satisfy(const std::function<bool(char32_t)>& good, const char* name,
                            std::string* to) {
  if (at_ < text_.size() && good(text_[at_])) {
    if (to) AppendUtf8(text_[at_], to);
    failure_ = {++at_, {}};
    return true;
  }
  Failure failure{at_, {}};
  const std::string found =
      at_ < text_.size() ? "\"" + Shown(text_[at_], '"') + "\"" : std::string();
  failure.messages.push_back({Kind::kSystemUnexpected, found});
  if (name) failure.messages.push_back({Kind::kExpected, name});
  return Fail(std::move(failure));
}

bool GrammarReader::Char(char c) {
  const std::string name = ShownText(std::string_view(&c, 1));
  return Satisfy([c](char32_t point) { return point == static_cast<uint8_t>(c); },
                 name.c_str(), nullptr);
}

bool GrammarReader::String(std::string_view text) {
  for (size_t i = 0; i < text.size(); ++i) {
    if (at_ + i < text_.size() && text_[at_ + i] == static_cast<uint8_t>(text[i])) {
      continue;
    }
    Failure failure{at_, {}};
    const std::string found =
        at_ + i < text_.size() ? "\"" + Shown(text_[at_ + i], '"') + "\"" : std::string();
    failure.messages = {{Kind::kSystemUnexpected, found},
                        {Kind::kExpected, ShownText(text)}};
    if (i == 0) return Fail(std::move(failure));
    failure_ = std::move(failure);
    at_ += i;
    return false;
  }
  at_ += text.size();
  failure_ = {at_, {}};
  return true;
}

bool GrammarReader::OneOf(std::string_view characters, std::string* to) {
  return Satisfy([&](char32_t point) { return Contains(characters, point); }, nullptr,
                 to);
}

bool GrammarReader::NoneOf(std::string_view characters, std::string* to) {
  return Satisfy([&](char32_t point) { return !Contains(characters, point); }, nullptr,
                 to);
}

bool GrammarReader::AnyChar(std::string* to) {
  return Satisfy([](char32_t) { return true; }, nullptr, to);
}

bool GrammarReader::Letter(std::string* to) { return Satisfy(IsLetter, "letter", to); }

bool GrammarReader::Digit(std::string* to) {
  return Satisfy([](char32_t point) { return point >= '0' && point <= '9'; }, "digit",
                 to);
}

bool GrammarReader::End() {
  if (at_ == text_.size()) return true;
  return Fail({at_,
               {{Kind::kUnexpected, "'" + Shown(text_[at_], '\'') + "'"},
                {Kind::kExpected, "end of input"}}});
}

bool GrammarReader::Try(const Rule& rule) {
  const size_t start = at_;
  const Failure before = failure_;
  if (rule()) return true;
  if (at_ == start) return false;
  at_ = start;
  failure_ = Merge(before, std::move(failure_));
  return false;
}

bool GrammarReader::LookAhead(const Rule& rule) {
  const size_t start = at_;
  Failure before = failure_;
  if (!rule()) return false;
  at_ = start;
  failure_ = std::move(before);
  return true;
}

bool GrammarReader::NotFollowedBy(const Rule& rule) {
  const size_t start = at_;
  Failure before = failure_;
  const bool follows = rule();
  const size_t end = at_;
  at_ = start;
  failure_ = std::move(before);
  if (!follows || end == start) return true;
  return Fail({end, {{Kind::kUnexpected, "'" + Shown(text_[start], '\'') + "'"}}});
}

bool GrammarReader::Either(const std::vector<Rule>& rules) {
  const size_t start = at_;
  for (const Rule& rule : rules) {
    if (rule()) return true;
    if (at_ != start) return false;
  }
  return false;
}

bool GrammarReader::Many(const Rule& rule) {
  for (;;) {
    const size_t start = at_;
    if (rule() && at_ != start) continue;
    return at_ == start;
  }
}

bool GrammarReader::Optional(const Rule& rule, bool* found) {
  const size_t start = at_;
  const bool held = rule();
  if (found) *found = held;
  return held || at_ == start;
}

bool GrammarReader::SeparatedBy(const Rule& rule, const Rule& separator) {
  return rule() && Many([&] { return separator() && rule(); });
}

bool GrammarReader::Named(const char* name, const Rule& rule) {
  const size_t start = at_;
  Failure before = std::move(failure_);
  failure_ = {at_, {}};
  const bool held = rule();
  if (at_ != start) return held;
  if (!held || !failure_.messages.empty()) {
    std::erase_if(failure_.messages,
                  [](const Message& message) { return message.kind == Kind::kExpected; });
    failure_.messages.push_back({Kind::kExpected, name});
  }
  failure_ = Merge(std::move(before), std::move(failure_));
  return held;
}

bool GrammarReader::Lexeme(const Rule& rule) {
  const auto spaces = [&] { return Many([&] { return OneOf(" \t"); }); };
  return spaces() && rule() && spaces();
}

std::string GrammarReader::Position(size_t at) const {
  size_t line = 1;
  size_t column = 1;
  for (size_t i = 0; i < at && i < text_.size(); ++i) {
    if (text_[i] == '\n') {
      ++line;
      column = 1;
    } else if (text_[i] == '\t') {
      column += 8 - (column - 1) % 8;
    } else {
      ++column;
    }
  }
  return fmt::format("(line {}, column {})", line, column);
}

std::string GrammarReader::Details() const {
  std::vector<std::string> unexpected;
  std::vector<std::string> expected;
  const std::string* system = nullptr;
  for (const Message& message : failure_.messages) {
    switch (message.kind) {
      case Kind::kSystemUnexpected:
        if (!system) system = &message.text;
        break;
      case Kind::kUnexpected: unexpected.push_back(message.text); break;
      case Kind::kExpected: expected.push_back(message.text); break;
    }
  }
  std::string details;
  if (!unexpected.empty()) {
    details = "unexpected " + Listed(unexpected);
  } else if (system) {
    details = "unexpected " + (system->empty() ? "end of input" : *system);
  }
  const std::string list = Listed(expected);
  if (!list.empty()) details += (details.empty() ? "expecting " : " expecting ") + list;
  return details.empty() ? "unknown parse error" : details;
}

void GrammarReader::Throw() const {
  throw ApiError(400, "PGRST100", fmt::format("\"{}\" {}", what_, Position(failure_.at)))
      .WithDetails(Details());
}

}  // namespace shoestring
