#include "engine/statement_splitter.h"

namespace shoestring {

namespace {

bool IsSpace(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

bool IsWordCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         c == '_' || static_cast<unsigned char>(c) >= 0x80;
}

/// Walks over one token after the other.
class Scanner {
 public:
  explicit Scanner(std::string_view sql) : sql_(sql) {}

  bool done() const { return at_ >= sql_.size(); }
  size_t at() const { return at_; }

  enum class Token { kNothing, kText, kSemicolon };

  Token Next() {
    if (StartsWith("--")) return SkipTo("\n");
    if (StartsWith("/*")) return SkipBlockComment();
    const char c = sql_[at_];
    if (IsSpace(c)) return Skip(1, Token::kNothing);
    if (c == ';') return Skip(1, Token::kSemicolon);
    if (c == '\'') return SkipQuoted('\'', HasEscapePrefix());
    if (c == '"') return SkipQuoted('"', false);
    if (c == '$' && !AfterWord()) return SkipDollarQuoted();
    return Skip(1, Token::kText);
  }

 private:
  bool StartsWith(std::string_view prefix) const {
    return sql_.substr(at_, prefix.size()) == prefix;
  }

  Token Skip(size_t characters, Token token) {
    at_ = std::min(at_ + characters, sql_.size());
    return token;
  }

  Token SkipTo(std::string_view end) {
    const size_t found = sql_.find(end, at_);
    at_ = found == std::string_view::npos ? sql_.size() : found + end.size();
    return Token::kNothing;
  }

  Token SkipBlockComment() {
    int depth = 0;
    do {
      if (StartsWith("/*")) {
        ++depth;
        at_ += 2;
      } else if (StartsWith("*/")) {
        --depth;
        at_ += 2;
      } else {
        ++at_;
      }
    } while (depth > 0 && !done());
    return Token::kNothing;
  }

  /// A doubled quote ends one literal and starts the next, which comes to the same.
  Token SkipQuoted(char quote, bool escapes) {
    for (++at_; !done(); ++at_) {
      if (escapes && sql_[at_] == '\\') {
        ++at_;
      } else if (sql_[at_] == quote) {
        break;
      }
    }
    return Skip(1, Token::kText);
  }

  Token SkipDollarQuoted() {
    size_t end = at_ + 1;
    while (end < sql_.size() && IsWordCharacter(sql_[end])) ++end;
    const bool is_parameter =
        end > at_ + 1 && sql_[at_ + 1] >= '0' && sql_[at_ + 1] <= '9';
    if (end >= sql_.size() || sql_[end] != '$' || is_parameter)
      return Skip(1, Token::kText);
    const std::string_view tag = sql_.substr(at_, end + 1 - at_);
    at_ = end + 1;
    SkipTo(tag);
    return Token::kText;
  }

  bool AfterWord() const { return at_ > 0 && IsWordCharacter(sql_[at_ - 1]); }

  bool HasEscapePrefix() const {
    return at_ > 0 && (sql_[at_ - 1] == 'e' || sql_[at_ - 1] == 'E') &&
           (at_ == 1 || !IsWordCharacter(sql_[at_ - 2]));
  }

  std::string_view sql_;
  size_t at_ = 0;
};

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

/// A text in single or dollar quotes; not a parameter, which begins with $, too.
bool IsQuotedValue(std::string_view token) {
  return token.size() > 1 && (token.front() == '\'' || token.front() == '$');
}

}  // namespace

SplitSql SplitStatements(std::string_view sql) {
  SplitSql split;
  Scanner scanner(sql);
  size_t start = 0;
  bool empty = true;
  while (!scanner.done()) {
    const auto token = scanner.Next();
    if (token == Scanner::Token::kText) empty = false;
    if (token != Scanner::Token::kSemicolon) continue;
    if (!empty)
      split.statements.emplace_back(sql.substr(start, scanner.at() - 1 - start));
    start = scanner.at();
    empty = true;
  }
  if (!empty) split.rest = sql.substr(start);
  return split;
}

std::string WithoutValues(std::string_view sql) {
  std::string text;
  Scanner scanner(sql);
  bool in_number = false;
  while (!scanner.done()) {
    const size_t start = scanner.at();
    const auto kind = scanner.Next();
    const std::string_view token = sql.substr(start, scanner.at() - start);
    const char before = text.empty() ? ' ' : text.back();
    if (kind == Scanner::Token::kNothing) {
      if (!text.empty() && before != ' ') text += ' ';
      in_number = false;
    } else if (IsQuotedValue(token)) {
      // A doubled quote ends one literal and begins the next.
      if (before != '?') text += '?';
    } else if (in_number && (IsWordCharacter(token.front()) || token == ".")) {
      continue;
    } else if (IsDigit(token.front()) && !IsWordCharacter(before) && before != '$') {
      text += '?';
      in_number = true;
    } else {
      text += token;
      in_number = false;
    }
  }
  while (!text.empty() && text.back() == ' ') text.pop_back();
  return text;
}

}  // namespace shoestring
