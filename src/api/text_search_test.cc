#include "api/text_search.h"

#include <gmock/gmock.h>

#include "api/api_error.h"
#include "base/error.h"

namespace shoestring {
namespace {

using testing::ElementsAre;
using Operator = FilterOperator;

const PostgresType kText = PlainType(PostgresType::Kind::kText);
const PostgresType kVector = PlainType(PostgresType::Kind::kSearchVector);

/// The condition, and what is bound in it.
std::vector<std::string> Written(Operator operation, const std::string& text,
                                 const std::optional<std::string>& language,
                                 const PostgresType& type, SqlDialect dialect) {
  Filter filter;
  filter.operation = operation;
  filter.value = text;
  filter.language = language;
  SqlQuery query;
  query.items = {{SqlBoolean(true), "a"}};
  query.from = {.schema = "s", .table = "t", .lake_name = "t", .alias = "t"};
  query.where = {TextSearchSql(filter, type, SqlColumn("t", "c"), dialect)};
  const Statement statement = RenderQuery(query, dialect);
  std::vector<std::string> written = {statement.sql.substr(statement.sql.find("WHERE "))};
  for (const Parameter& value : statement.parameters) {
    written.push_back(std::get<std::string>(value));
  }
  return written;
}

TEST(TextSearch, IsInEnglishByItself) {
  EXPECT_THAT(Written(Operator::kSearchPlain, "The Rats", {}, kText, SqlDialect::kDuckdb),
              ElementsAre(R"(WHERE ts_match_vq(to_tsvector(?, "t"."c"), ?))", "english",
                          "'rat'"));
  EXPECT_THAT(
      Written(Operator::kSearchPhrase, "fat of rats", {}, kVector, SqlDialect::kPostgres),
      ElementsAre(R"(WHERE ("t"."c" @@ CAST($1 AS tsquery)))", "'fat' <2> 'rat'"));
}

TEST(TextSearch, IsByRegularExpressionsOnTrino) {
  const auto pattern = [](Operator operation, const char* text, const char* language,
                          const PostgresType& type) {
    return Written(operation, text, language, type, SqlDialect::kTrino).at(1);
  };
  EXPECT_EQ(pattern(Operator::kSearchPhrase, "Like a plan", "simple", kText),
            R"((^|[^\p{L}\p{N}])like[^\p{L}\p{N}]+a[^\p{L}\p{N}]+plan([^\p{L}\p{N}]|$))");
  EXPECT_EQ(pattern(Operator::kSearch, "pl:*", "simple", kText),
            R"((^|[^\p{L}\p{N}])pl)");
  EXPECT_EQ(pattern(Operator::kSearchPlain, "-3.5", "simple", kText),
            R"((^|[^\p{L}\p{N}])3\.5([^\p{L}\p{N}]|$))");
  EXPECT_EQ(pattern(Operator::kSearch, "Rats", "english", kVector),
            R"((^| )'rat'(:| |$))");
}

TEST(TextSearch, RefusesOnTrinoWhatWordsAloneDoNotTell) {
  const auto refused = [](Operator operation, const char* text, const char* language,
                          const PostgresType& type) {
    try {
      Written(operation, text, language, type, SqlDialect::kTrino);
      return false;
    } catch (const ApiError& error) {
      return error.code() == "PGRST127";
    }
  };
  EXPECT_TRUE(refused(Operator::kSearch, "rats", "english", kText));
  EXPECT_TRUE(refused(Operator::kSearchPhrase, "fat rats", "simple", kVector));
  EXPECT_TRUE(refused(Operator::kSearch, "fat <2> rats", "simple", kText));
  EXPECT_TRUE(refused(Operator::kSearchPhrase, "a well-known rat", "simple", kText));
  EXPECT_TRUE(refused(Operator::kSearch, "rats", "simple",
                      PlainType(PostgresType::Kind::kJsonb)));
}

TEST(TextSearch, RefusesWhatNoEngineCan) {
  const auto write = [](const char* text, const char* language,
                        const PostgresType& type) {
    Written(Operator::kSearch, text, language, type, SqlDialect::kDuckdb);
  };
  EXPECT_THROW(write("rats", "klingon", kText), ApiError);
  EXPECT_THROW(write("rats", "simple", PlainType(PostgresType::Kind::kInteger)),
               ApiError);
  EXPECT_THROW(write("fat rats", "simple", kText), Error);
}

}  // namespace
}  // namespace shoestring
