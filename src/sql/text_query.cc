#include "sql/text_query.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "base/error.h"
#include "sql/text_vector.h"

namespace shoestring {

namespace {

using Kind = TextQuery::Kind;

/// As deep as parentheses and negations of others go, and those of our own text of them.
constexpr int kDeepest = 32;
constexpr int kDeepestOwn = 4 * kDeepest;

/// As far as Postgres looks for the next part of a phrase.
constexpr int kFarthest = 16384;

TextQuery LexemeQuery(std::string lexeme, bool prefix) {
  TextQuery query;
  query.kind = Kind::kLexeme;
  query.lexeme = std::move(lexeme);
  query.prefix = prefix;
  return query;
}

TextQuery Negated(TextQuery part) {
  if (part.kind == Kind::kNothing) return part;
  TextQuery query;
  query.kind = Kind::kNot;
  query.parts.push_back(std::move(part));
  return query;
}

/// kAnd or kOr of what is something.
TextQuery Joined(Kind kind, std::vector<TextQuery> parts) {
  std::erase_if(parts, [](const TextQuery& part) { return part.kind == Kind::kNothing; });
  if (parts.empty()) return {};
  if (parts.size() == 1) return std::move(parts[0]);
  TextQuery query;
  query.kind = kind;
  query.parts = std::move(parts);
  return query;
}

/// A phrase whose stop words leave their distance behind.
class PhraseBuilder {
 public:
  void Add(TextQuery part, int distance) {
    distance_ += distance;
    if (part.kind == Kind::kNothing) return;
    if (part.kind == Kind::kPhrase) return AddParts(std::move(part));
    phrase_.distances.push_back(phrase_.parts.empty() ? 0 : distance_);
    phrase_.parts.push_back(std::move(part));
    distance_ = 0;
  }

  TextQuery Take() && {
    if (phrase_.parts.empty()) return {};
    if (phrase_.parts.size() == 1) return std::move(phrase_.parts[0]);
    if (std::ranges::any_of(phrase_.parts, HasNegation)) {
      throw Fail(ErrorKind::kUnsupported, "Negations cannot be looked for in phrases");
    }
    phrase_.kind = Kind::kPhrase;
    return std::move(phrase_);
  }

 private:
  static bool HasNegation(const TextQuery& query) {
    return query.kind == Kind::kNot || std::ranges::any_of(query.parts, HasNegation);
  }

  void AddParts(TextQuery phrase) {
    for (size_t i = 0; i < phrase.parts.size(); ++i) {
      Add(std::move(phrase.parts[i]), phrase.distances[i]);
    }
  }

  TextQuery phrase_;
  int distance_ = 0;
};

TextQuery PhraseOf(std::vector<Lexeme> lexemes, bool prefix) {
  PhraseBuilder phrase;
  int position = 0;
  for (Lexeme& lexeme : lexemes) {
    phrase.Add(LexemeQuery(std::move(lexeme.text), prefix), lexeme.position - position);
    position = lexeme.position;
  }
  return std::move(phrase).Take();
}

TextQuery AllOf(std::vector<Lexeme> lexemes) {
  std::vector<TextQuery> parts;
  for (Lexeme& lexeme : lexemes) {
    parts.push_back(LexemeQuery(std::move(lexeme.text), false));
  }
  return Joined(Kind::kAnd, std::move(parts));
}

/// to_tsquery, and a query's own text, whose words are lexemes.
class QueryReader {
 public:
  QueryReader(std::string_view text, const TextConfiguration* configuration)
      : text_(text), configuration_(configuration) {}

  TextQuery Read() {
    Skip();
    if (at_ == text_.size()) return {};
    TextQuery query = Any(configuration_ ? kDeepest : kDeepestOwn);
    if (at_ < text_.size()) Bad();
    return query;
  }

 private:
  [[noreturn]] void Bad() const {
    throw Fail(ErrorKind::kInvalidArgument, "syntax error in tsquery: \"{}\"", text_)
        .WithSqlstate("42601");
  }

  void Skip() {
    while (at_ < text_.size() && text_[at_] == ' ') ++at_;
  }

  bool Take(std::string_view sign) {
    Skip();
    if (text_.substr(at_, sign.size()) != sign) return false;
    at_ += sign.size();
    Skip();
    return true;
  }

  TextQuery Any(int depth) {
    std::vector<TextQuery> each;
    do each.push_back(All(depth));
    while (Take("|"));
    return Joined(Kind::kOr, std::move(each));
  }

  TextQuery All(int depth) {
    std::vector<TextQuery> each;
    do each.push_back(Phrase(depth));
    while (Take("&"));
    return Joined(Kind::kAnd, std::move(each));
  }

  TextQuery Phrase(int depth) {
    PhraseBuilder phrase;
    phrase.Add(One(depth), 0);
    while (const auto distance = Distance()) phrase.Add(One(depth), *distance);
    return std::move(phrase).Take();
  }

  /// <-> or <2>.
  std::optional<int> Distance() {
    if (Take("<->")) return 1;
    if (!Take("<")) return std::nullopt;
    int distance = 0;
    const auto read =
        std::from_chars(text_.data() + at_, text_.data() + text_.size(), distance);
    if (read.ec != std::errc() || distance < 0 || distance > kFarthest) Bad();
    at_ = static_cast<size_t>(read.ptr - text_.data());
    if (!Take(">")) Bad();
    return distance;
  }

  TextQuery One(int depth) {
    if (depth == 0) Bad();
    if (Take("!")) return Negated(One(depth - 1));
    if (!Take("(")) return Word();
    TextQuery inner = Any(depth - 1);
    if (!Take(")")) Bad();
    return inner;
  }

  TextQuery Word() {
    Skip();
    const bool quoted = at_ < text_.size() && text_[at_] == '\'';
    const std::string word = quoted ? Quoted() : Bare();
    if (word.empty()) Bad();
    const bool prefix = Prefix();
    Skip();
    if (configuration_) return PhraseOf(configuration_->Lexemes(word), prefix);
    return LexemeQuery(word, prefix);
  }

  std::string Quoted() {
    std::string word;
    while (++at_ < text_.size()) {
      if (text_[at_] == '\'' && text_.substr(++at_, 1) != "'") return word;
      if (text_[at_] == '\\' && ++at_ == text_.size()) Bad();
      word += text_[at_];
    }
    Bad();
  }

  std::string Bare() {
    constexpr std::string_view kEnds = " !&|():";
    std::string word;
    for (; at_ < text_.size() && kEnds.find(text_[at_]) == kEnds.npos; ++at_) {
      if (text_[at_] == '\\' && ++at_ == text_.size()) Bad();
      word += text_[at_];
    }
    return word;
  }

  bool Prefix() {
    if (at_ == text_.size() || text_[at_] != ':') return false;
    ++at_;
    const size_t end = std::min(text_.find_first_not_of("*ABCDabcd", at_), text_.size());
    const std::string_view flags = text_.substr(at_, end - at_);
    at_ = end;
    if (flags.empty()) Bad();
    if (flags.find_first_not_of('*') != flags.npos) {
      throw Fail(ErrorKind::kUnsupported, "Weights cannot be looked for: \"{}\"", text_);
    }
    return true;
  }

  const std::string_view text_;
  const TextConfiguration* const configuration_;
  size_t at_ = 0;
};

class WebSearchReader {
 public:
  WebSearchReader(std::string_view text, const TextConfiguration& configuration)
      : rest_(text), configuration_(configuration) {}

  TextQuery Read() {
    while (!rest_.empty()) {
      if (!Skip()) Term();
    }
    any_.push_back(Joined(Kind::kAnd, std::move(all_)));
    return Joined(Kind::kOr, std::move(any_));
  }

 private:
  /// What is no term by itself: spaces, and - for the one that follows.
  bool Skip() {
    if (rest_[0] != ' ' && rest_[0] != '-') return false;
    negated_ |= rest_[0] == '-';
    rest_.remove_prefix(1);
    return true;
  }

  void Term() {
    const bool quoted = rest_[0] == '"';
    if (quoted) rest_.remove_prefix(1);
    const size_t end = std::min(rest_.find_first_of(quoted ? "\"" : "\" "), rest_.size());
    const std::string_view term = rest_.substr(0, end);
    rest_.remove_prefix(quoted ? std::min(end + 1, rest_.size()) : end);
    const bool negated = std::exchange(negated_, false);
    if (!quoted && IsOr(term)) {
      any_.push_back(Joined(Kind::kAnd, std::exchange(all_, {})));
      return;
    }
    TextQuery found = PhraseOf(configuration_.Lexemes(term), false);
    all_.push_back(negated ? Negated(std::move(found)) : std::move(found));
  }

  /// A word as others where nothing is on either side of it.
  bool IsOr(std::string_view term) const {
    const bool follows = rest_.find_first_not_of(' ') != rest_.npos;
    return !all_.empty() && follows && term.size() == 2 && (term[0] | 0x20) == 'o' &&
           (term[1] | 0x20) == 'r';
  }

  std::string_view rest_;
  const TextConfiguration& configuration_;
  bool negated_ = false;
  std::vector<TextQuery> all_;
  std::vector<TextQuery> any_;
};

std::string SignBefore(const TextQuery& query, size_t part) {
  if (query.kind == Kind::kAnd) return " & ";
  if (query.kind == Kind::kOr) return " | ";
  const int distance = query.distances[part];
  return distance == 1 ? " <-> " : fmt::format(" <{}> ", distance);
}

std::string FormatPart(const TextQuery& query) {
  const bool one = query.kind == Kind::kLexeme || query.kind == Kind::kNot;
  return one ? FormatTextQuery(query) : "( " + FormatTextQuery(query) + " )";
}

}  // namespace

TextQuery ReadTextQuery(TextQueryForm form, std::string_view text,
                        const TextConfiguration& configuration) {
  switch (form) {
    case TextQueryForm::kPlain: return AllOf(configuration.Lexemes(text));
    case TextQueryForm::kPhrase: return PhraseOf(configuration.Lexemes(text), false);
    case TextQueryForm::kWebSearch: return WebSearchReader(text, configuration).Read();
    case TextQueryForm::kQuery: break;
  }
  return QueryReader(text, &configuration).Read();
}

TextQuery ParseTextQuery(std::string_view text) {
  return QueryReader(text, nullptr).Read();
}

std::string FormatTextQuery(const TextQuery& query) {
  if (query.kind == Kind::kNothing) return "";
  if (query.kind == Kind::kLexeme) {
    return QuoteLexeme(query.lexeme) + (query.prefix ? ":*" : "");
  }
  if (query.kind == Kind::kNot) return "!" + FormatPart(query.parts[0]);
  std::string text = FormatPart(query.parts[0]);
  for (size_t i = 1; i < query.parts.size(); ++i) {
    text += SignBefore(query, i) + FormatPart(query.parts[i]);
  }
  return text;
}

}  // namespace shoestring
