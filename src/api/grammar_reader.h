#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace shoestring {

/// Reads a text by a grammar and remembers what would have been right where it was not,
/// so that an error is worded as PostgREST's (Parsec's) is: "unexpected 't' expecting ","
/// or end of input". A rule is anything that reads and gives true, or gives false; one
/// that gave false after it had read something is a failure of the whole, unless under
/// Try().
class GrammarReader {
 public:
  using Rule = std::function<bool()>;

  /// `what` names the text in errors: "failed to parse order (id.ascc)". Throws ApiError
  /// for a text that is no UTF-8, or has a zero byte, which Postgres has in no text.
  GrammarReader(std::string_view text, std::string what);

  bool Char(char c);
  bool String(std::string_view text);
  bool OneOf(std::string_view characters, std::string* to = nullptr);
  bool NoneOf(std::string_view characters, std::string* to = nullptr);
  bool AnyChar(std::string* to = nullptr);
  bool Letter(std::string* to = nullptr);
  bool Digit(std::string* to = nullptr);
  bool End();

  /// As if nothing had been read when the rule fails.
  bool Try(const Rule& rule);
  /// True when the rule holds here; reads nothing then.
  bool LookAhead(const Rule& rule);
  /// True when the character that follows is none that the rule reads.
  bool NotFollowedBy(const Rule& rule);
  /// The first of the rules that holds; those after one that read something are not
  /// asked.
  bool Either(const std::vector<Rule>& rules);
  /// As often as it goes: false only when the rule failed half-way.
  bool Many(const Rule& rule);
  /// Once or not at all; `found` tells.
  bool Optional(const Rule& rule, bool* found = nullptr);
  /// One `rule` or more, with `separator` between them.
  bool SeparatedBy(const Rule& rule, const Rule& separator);
  /// Errors name what the rule reads by this name.
  bool Named(const char* name, const Rule& rule);
  /// Spaces and tabs around the rule are read, too.
  bool Lexeme(const Rule& rule);

  /// PGRST100 for where the reading failed.
  [[noreturn]] void Throw() const;

 private:
  enum class Kind { kSystemUnexpected, kUnexpected, kExpected };
  struct Message {
    Kind kind;
    std::string text;
  };
  struct Failure {
    size_t at = 0;
    std::vector<Message> messages;
  };

  bool Satisfy(const std::function<bool(char32_t)>& good, const char* name,
               std::string* to);
  bool Fail(Failure failure);
  static Failure Merge(Failure first, Failure second);
  std::string Position(size_t at) const;
  std::string Details() const;

  const std::string what_;
  std::u32string text_;
  size_t at_ = 0;
  Failure failure_;
};

}  // namespace shoestring
