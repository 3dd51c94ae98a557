#include "source/policy_tokens.h"

#include <array>
#include <cctype>

namespace shoestring {

namespace {

using Kind = SqlToken::Kind;

constexpr std::array<std::string_view, 8> kLongSymbols = {"->>", "::", "->", "<>",
                                                          "<=",  ">=", "!=", "||"};
constexpr std::string_view kSymbols = "()[],.=<>+-*/";

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsNameStart(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
bool IsNamePart(char c) { return IsNameStart(c) || IsDigit(c) || c == '$'; }

class Tokenizer {
 public:
  explicit Tokenizer(std::string_view text) : rest_(text) {}

  std::optional<std::vector<SqlToken>> Run() {
    for (;;) {
      while (!rest_.empty() && std::isspace(static_cast<unsigned char>(rest_[0])) != 0) {
        rest_.remove_prefix(1);
      }
      if (rest_.empty()) break;
      if (!Next()) return std::nullopt;
    }
    tokens_.emplace_back();
    return std::move(tokens_);
  }

 private:
  bool Next() {
    const char c = rest_[0];
    if (c == '\'') return Quoted('\'', Kind::kText);
    if (c == '"') return Quoted('"', Kind::kQuotedName);
    if (IsDigit(c))
      return While(Kind::kNumber, [](char d) { return IsDigit(d) || d == '.'; });
    if (IsNameStart(c)) return While(Kind::kName, IsNamePart);
    return Symbol();
  }

  template <typename Belongs>
  bool While(Kind kind, const Belongs& belongs) {
    size_t size = 1;
    while (size < rest_.size() && belongs(rest_[size])) ++size;
    std::string text(rest_.substr(0, size));
    if (kind == Kind::kName) {
      for (char& c : text) {
        c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
      }
    }
    return Take(kind, std::move(text), size);
  }

  bool Quoted(char quote, Kind kind) {
    std::string text;
    for (size_t i = 1; i < rest_.size(); ++i) {
      const char c = rest_[i];
      // E'…', where a backslash means something, is not known here.
      if (c == '\\') return false;
      if (c != quote) {
        text += c;
      } else if (i + 1 < rest_.size() && rest_[i + 1] == quote) {
        text += c;
        ++i;
      } else {
        return Take(kind, std::move(text), i + 1);
      }
    }
    return false;
  }

  bool Symbol() {
    for (const std::string_view symbol : kLongSymbols) {
      if (rest_.starts_with(symbol)) {
        return Take(Kind::kSymbol, std::string(symbol), symbol.size());
      }
    }
    if (kSymbols.find(rest_[0]) == kSymbols.npos) return false;
    return Take(Kind::kSymbol, std::string(1, rest_[0]), 1);
  }

  bool Take(Kind kind, std::string text, size_t size) {
    tokens_.push_back({kind, std::move(text)});
    rest_.remove_prefix(size);
    return true;
  }

  std::string_view rest_;
  std::vector<SqlToken> tokens_;
};

}  // namespace

std::optional<std::vector<SqlToken>> TokenizeSql(std::string_view text) {
  return Tokenizer(text).Run();
}

}  // namespace shoestring
