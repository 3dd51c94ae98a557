#include "api/text_search.h"

#include <algorithm>

#include "api/api_error.h"
#include "sql/text_query.h"

namespace shoestring {

namespace {

using Kind = SqlExpression::Kind;
using Type = PostgresType::Kind;

/// What Postgres and Supabase have in default_text_search_config.
constexpr std::string_view kDefault = "english";

[[noreturn]] void NotInALake(std::string what) {
  throw ApiError(400, "PGRST127", "Feature not implemented").WithDetails(std::move(what));
}

TextQueryForm FormOf(FilterOperator operation) {
  switch (operation) {
    case FilterOperator::kSearchPlain: return TextQueryForm::kPlain;
    case FilterOperator::kSearchPhrase: return TextQueryForm::kPhrase;
    case FilterOperator::kSearchWeb: return TextQueryForm::kWebSearch;
    default: return TextQueryForm::kQuery;
  }
}

TextQuery ReadQuery(const Filter& filter, const std::string& configuration) {
  if (!TextConfiguration::Exists(configuration)) {
    throw ApiError(
        400, "42704",
        fmt::format("text search configuration \"{}\" does not exist", configuration));
  }
  return ReadTextQuery(FormOf(filter.operation), filter.value,
                       TextConfiguration(configuration));
}

/// A search by regular expressions, for engines that have nothing better: of texts whose
/// words stay as they are, and of the lexemes in a tsvector's text.
class PatternWriter {
 public:
  PatternWriter(const SqlExpression& value, bool vector)
      : value_(value), vector_(vector) {}

  SqlExpression Write(const TextQuery& query) const {
    std::vector<SqlExpression> parts;
    switch (query.kind) {
      case TextQuery::Kind::kNothing: return SqlBoolean(false);
      case TextQuery::Kind::kLexeme:
        return Matches(vector_ ? InVector(query) : InText({query}, query.prefix));
      case TextQuery::Kind::kPhrase: return Phrase(query);
      default: break;
    }
    for (const TextQuery& part : query.parts) parts.push_back(Write(part));
    if (query.kind == TextQuery::Kind::kNot) return SqlNot(std::move(parts[0]));
    return query.kind == TextQuery::Kind::kAnd ? SqlAnd(std::move(parts))
                                               : SqlOr(std::move(parts));
  }

 private:
  static constexpr const char* kOther = "[^\\p{L}\\p{N}]";

  SqlExpression Matches(std::string pattern) const {
    return SqlCall(Kind::kMatchesAnyCase, {value_, SqlValue(std::move(pattern), {})});
  }

  SqlExpression Phrase(const TextQuery& query) const {
    const bool words = std::ranges::all_of(query.parts, [](const TextQuery& part) {
      return part.kind == TextQuery::Kind::kLexeme;
    });
    const bool adjacent =
        std::ranges::all_of(query.distances, [](int d) { return d < 2; });
    if (vector_ || !words || !adjacent) {
      NotInALake("This engine looks for phrases of words in texts alone");
    }
    return Matches(InText(query.parts, query.parts.back().prefix));
  }

  static std::string InVector(const TextQuery& query) {
    return "(^| )'" + Quoted(query.lexeme) + (query.prefix ? "" : "'(:| |$)");
  }

  static std::string InText(const std::vector<TextQuery>& words, bool prefix) {
    std::string pattern = fmt::format("(^|{})", kOther);
    for (size_t i = 0; i < words.size(); ++i) {
      if (i > 0) pattern += fmt::format("{}+", kOther);
      pattern += Quoted(Unsigned(words[i].lexeme));
    }
    return prefix ? pattern : fmt::format("{}({}|$)", pattern, kOther);
  }

  /// The sign of a number may be the end of what comes before it.
  static std::string_view Unsigned(std::string_view lexeme) {
    const bool sign = lexeme.starts_with('-') || lexeme.starts_with('+');
    return lexeme.substr(sign ? 1 : 0);
  }

  static std::string Quoted(std::string_view lexeme) {
    std::string quoted;
    for (const char c : lexeme) {
      if (c == '.' || c == '-' || c == '+') quoted += '\\';
      quoted += c;
    }
    return quoted;
  }

  const SqlExpression& value_;
  const bool vector_;
};

/// What is searched of a value.
SqlExpression VectorSql(const PostgresType& type, const SqlExpression& value,
                        const std::string& configuration) {
  if (type.kind == Type::kSearchVector) return value;
  return SqlCall(type.IsJson() ? Kind::kJsonVector : Kind::kTextVector,
                 {value, SqlValue(configuration, {})});
}

}  // namespace

SqlExpression TextSearchSql(const Filter& filter, const PostgresType& type,
                            const SqlExpression& value, SqlDialect dialect) {
  const bool vector = type.kind == Type::kSearchVector;
  if (!type.IsText() && !type.IsJson() && !vector) {
    NotInALake("A lake searches texts, JSON and tsvectors, not: " + type.name);
  }
  const std::string configuration = filter.language.value_or(std::string(kDefault));
  const TextQuery query = ReadQuery(filter, configuration);
  if (dialect != SqlDialect::kTrino) {
    return SqlCall(Kind::kFinds, {VectorSql(type, value, configuration),
                                  SqlValue(FormatTextQuery(query), {})});
  }
  if (!vector && (type.IsJson() || configuration != "simple")) {
    NotInALake("This engine searches texts word by word alone: write fts(simple)");
  }
  return PatternWriter(value, vector).Write(query);
}

}  // namespace shoestring
