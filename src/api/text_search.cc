#include "api/text_search.h"

#include "api/api_error.h"

namespace shoestring {

namespace {

bool IsWordByte(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || (c & 0x80) != 0;
}

/// The words of a text, and what cuts them: everything that is no letter, digit or _.
std::vector<std::string> Words(std::string_view text) {
  std::vector<std::string> words(1);
  for (const char c : text) {
    if (IsWordByte(c)) {
      words.back() += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    } else if (!words.back().empty()) {
      words.emplace_back();
    }
  }
  if (words.back().empty()) words.pop_back();
  return words;
}

class SearchWriter {
 public:
  SearchWriter(const PostgresType& type, const SqlExpression& value, SqlDialect dialect)
      : vector_(type.kind == PostgresType::Kind::kSearchVector),
        value_(value),
        dialect_(dialect) {}

  /// All of the words.
  SqlExpression Plain(std::string_view text) const {
    std::vector<SqlExpression> each;
    for (const std::string& word : Words(text)) each.push_back(Phrase({word}, false));
    return each.empty() ? SqlBoolean(false) : SqlAnd(std::move(each));
  }

  /// The words, one after the other.
  SqlExpression Phrase(const std::vector<std::string>& words, bool prefix) const {
    if (words.empty()) return SqlBoolean(false);
    if (vector_ && words.size() > 1) {
      throw ApiError(400, "PGRST127", "Feature not implemented")
          .WithDetails("A lake looks for phrases in texts, not in a tsvector");
    }
    return SqlCall(
        SqlExpression::Kind::kMatchesAnyCase,
        {value_,
         SqlValue(vector_ ? InVector(words[0], prefix) : InText(words, prefix), {})});
  }

 private:
  static std::string InVector(const std::string& word, bool prefix) {
    return "(^| )'" + word + (prefix ? "" : "'(:| |$)");
  }

  std::string InText(const std::vector<std::string>& words, bool prefix) const {
    const std::string other =
        dialect_ == SqlDialect::kPostgres ? "[^[:alnum:]_]" : "[^\\p{L}\\p{N}_]";
    std::string pattern = "(^|" + other + ")";
    for (size_t i = 0; i < words.size(); ++i) {
      if (i > 0) pattern += other + "+";
      pattern += words[i];
    }
    return prefix ? pattern : pattern + "(" + other + "|$)";
  }

  const bool vector_;
  const SqlExpression& value_;
  const SqlDialect dialect_;
};

/// to_tsquery: words with & | ! <-> and parentheses.
class QueryReader {
 public:
  QueryReader(std::string_view text, const SearchWriter& writer)
      : text_(text), writer_(writer) {}

  SqlExpression Read() {
    SqlExpression all = Any(32);
    Skip();
    if (at_ < text_.size()) Bad();
    return all;
  }

 private:
  [[noreturn]] void Bad() const {
    throw ApiError(400, "42601", fmt::format("syntax error in tsquery: \"{}\"", text_));
  }

  void Skip() {
    while (at_ < text_.size() && text_[at_] == ' ') ++at_;
  }

  bool Take(std::string_view sign) {
    Skip();
    if (text_.substr(at_, sign.size()) != sign) return false;
    at_ += sign.size();
    return true;
  }

  SqlExpression Any(int depth) {
    std::vector<SqlExpression> each = {All(depth)};
    while (Take("|")) each.push_back(All(depth));
    return SqlOr(std::move(each));
  }

  SqlExpression All(int depth) {
    std::vector<SqlExpression> each = {Not(depth)};
    while (Take("&")) each.push_back(Not(depth));
    return SqlAnd(std::move(each));
  }

  SqlExpression Not(int depth) {
    if (depth == 0) Bad();
    if (Take("!")) return SqlNot(Not(depth - 1));
    if (!Take("(")) return Phrase();
    SqlExpression inner = Any(depth - 1);
    if (!Take(")")) Bad();
    return inner;
  }

  SqlExpression Phrase() {
    std::vector<std::string> words = {Word()};
    while (Take("<->")) words.push_back(Word());
    const bool prefix = Take(":*");
    return writer_.Phrase(words, prefix);
  }

  std::string Word() {
    Skip();
    const bool quoted = Take("'");
    std::string word;
    while (at_ < text_.size() && IsWordByte(text_[at_])) {
      word += static_cast<char>(std::tolower(static_cast<unsigned char>(text_[at_++])));
    }
    if (word.empty() || (quoted && !Take("'"))) Bad();
    return word;
  }

  std::string_view text_;
  const SearchWriter& writer_;
  size_t at_ = 0;
};

/// websearch_to_tsquery: "phrases", or, -not; never wrong.
SqlExpression WebSearch(std::string_view text, const SearchWriter& writer) {
  std::vector<SqlExpression> any;
  std::vector<SqlExpression> all;
  while (!text.empty()) {
    const size_t start = text.find_first_not_of(' ');
    if (start == text.npos) break;
    text.remove_prefix(start);
    const bool negated = text.starts_with('-');
    if (negated) text.remove_prefix(1);
    const bool quoted = text.starts_with('"');
    if (quoted) text.remove_prefix(1);
    const size_t end = std::min(text.find(quoted ? '"' : ' '), text.size());
    const std::vector<std::string> words = Words(text.substr(0, end));
    text.remove_prefix(std::min(text.size(), end + 1));
    if (words.empty() || (!quoted && words[0] == "and")) continue;
    if (!quoted && words[0] == "or") {
      any.push_back(SqlAnd(std::exchange(all, {})));
      continue;
    }
    SqlExpression found = writer.Phrase(words, false);
    all.push_back(negated ? SqlNot(std::move(found)) : std::move(found));
  }
  if (!all.empty()) any.push_back(SqlAnd(std::move(all)));
  return SqlOr(std::move(any));
}

}  // namespace

SqlExpression TextSearchSql(const Filter& filter, const PostgresType& type,
                            const SqlExpression& value, SqlDialect dialect) {
  if (!type.IsText() && type.kind != PostgresType::Kind::kSearchVector) {
    throw ApiError(400, "PGRST127", "Feature not implemented")
        .WithDetails("A lake searches texts and tsvectors, not: " + type.name);
  }
  const SearchWriter writer(type, value, dialect);
  switch (filter.operation) {
    case FilterOperator::kSearchPlain: return writer.Plain(filter.value);
    case FilterOperator::kSearchPhrase: return writer.Phrase(Words(filter.value), false);
    case FilterOperator::kSearchWeb: return WebSearch(filter.value, writer);
    default: return QueryReader(filter.value, writer).Read();
  }
}

}  // namespace shoestring
