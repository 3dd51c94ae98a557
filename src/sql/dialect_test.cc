#include "sql/dialect.h"

#include <gmock/gmock.h>

#include "base/error.h"
#include "sql/lake_scan.h"

namespace shoestring {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using Kind = SqlExpression::Kind;

const SqlType kInteger = {.kind = SqlType::Kind::kInteger};
const SqlType kText = {};

SqlQuery People() {
  SqlQuery query;
  query.items = {{SqlColumn("t", "id"), "c0"}};
  query.from = {
      .schema = "public", .table = "people", .lake_name = "people", .alias = "t"};
  return query;
}

std::string Where(SqlExpression expression, SqlDialect dialect) {
  SqlQuery query = People();
  query.where = {std::move(expression)};
  const std::string sql = RenderQuery(query, dialect).sql;
  return sql.substr(sql.find("WHERE ") + 6);
}

TEST(Dialect, AValueIsBoundAndItsTypeIsToldWhereTheEngineCannotKnowIt) {
  SqlQuery query = People();
  query.where = {
      SqlCall(Kind::kEqual, {SqlColumn("t", "id"), SqlValue(int64_t{7}, kInteger)})};
  const Statement duckdb = RenderQuery(query, SqlDialect::kDuckdb);
  EXPECT_EQ(duckdb.sql, R"(SELECT "t"."id" AS "c0" FROM lake_scan('people') AS "t" )"
                        R"(WHERE ("t"."id" = CAST(? AS INTEGER)))");
  EXPECT_THAT(duckdb.parameters, ElementsAre(Parameter(int64_t{7})));
  EXPECT_THAT(RenderQuery(query, SqlDialect::kPostgres).sql,
              HasSubstr(R"("t"."id" = $1)"));
  EXPECT_THAT(RenderQuery(query, SqlDialect::kTrino).sql,
              HasSubstr(R"(FROM "people" AS "t")"));
  query.from.lake_name = "Sales.People";
  EXPECT_THAT(RenderQuery(query, SqlDialect::kTrino).sql,
              HasSubstr(R"(FROM "sales_people" AS "t")"));
}

TEST(Dialect, NamesCannotEndTheirQuotes) {
  EXPECT_EQ(QuoteSqlName(R"(a"; DROP TABLE t; --)"), R"("a""; DROP TABLE t; --")");
  EXPECT_EQ(LakeScanOf("a'); DROP TABLE t; --"), "lake_scan('a''); DROP TABLE t; --')");
}

TEST(Dialect, LikeHasPostgresEscapes) {
  const auto like = [](Kind kind) {
    return SqlCall(kind, {SqlColumn("t", "a"), SqlValue(std::string("x%"), kText)});
  };
  EXPECT_EQ(Where(like(Kind::kLike), SqlDialect::kDuckdb),
            R"(("t"."a" LIKE ? ESCAPE '\'))");
  EXPECT_EQ(Where(like(Kind::kLikeAnyCase), SqlDialect::kTrino),
            R"((lower("t"."a") LIKE lower(?) ESCAPE '\'))");
}

TEST(Dialect, TextIsSearchedByPostgresFunctions) {
  const SqlExpression vector = SqlCall(
      Kind::kTextVector, {SqlColumn("t", "a"), SqlValue(std::string("english"), kText)});
  const SqlExpression finds =
      SqlCall(Kind::kFinds, {vector, SqlValue(std::string("'rat'"), kText)});
  EXPECT_EQ(Where(finds, SqlDialect::kDuckdb),
            R"(ts_match_vq(to_tsvector(?, "t"."a"), ?))");
  EXPECT_EQ(Where(finds, SqlDialect::kPostgres),
            R"((to_tsvector(CAST($1 AS regconfig), "t"."a") @@ CAST($2 AS tsquery)))");
  EXPECT_THROW(Where(finds, SqlDialect::kTrino), Error);
}

TEST(Dialect, RowsAreFoundByKeysOfSeveralColumns) {
  SqlExpression in = SqlCall(
      Kind::kInRows, {SqlColumn("t", "a"), SqlColumn("t", "b"),
                      SqlValue(int64_t{1}, kInteger), SqlValue(std::string("x"), kText),
                      SqlValue(int64_t{2}, kInteger), SqlValue(std::string("y"), kText)});
  in.width = 2;
  EXPECT_EQ(Where(in, SqlDialect::kPostgres),
            R"((("t"."a", "t"."b") IN (($1, $2), ($3, $4))))");
}

TEST(Dialect, APathIntoJsonIsBoundToo) {
  SqlExpression json = SqlCall(Kind::kJsonText, {SqlColumn("t", "j")});
  json.path = {JsonStep("a/b"), JsonStep(int64_t{-1})};
  EXPECT_EQ(
      Where(json, SqlDialect::kDuckdb),
      R"(json_extract_string(json_extract(json_extract("t"."j", ?), '$[#-1]'), '$'))");
  EXPECT_EQ(Where(json, SqlDialect::kPostgres), R"(("t"."j"->$1::text->>(-1)))");
}

TEST(Dialect, IntegersInATextAreAnArrayToJson) {
  SqlExpression json =
      SqlCall(Kind::kJson, {SqlCall(Kind::kIntegersToJson, {SqlColumn("t", "a")})});
  json.path = {JsonStep(int64_t{1})};
  EXPECT_EQ(Where(json, SqlDialect::kTrino),
            "json_format(json_array_get(json_parse(replace(replace(replace("
            "regexp_replace(\"t\".\"a\", '^.*=', ''), '{', '['), '}', ']'), 'NULL', "
            "'null')), 1))");
  EXPECT_EQ(Where(json, SqlDialect::kPostgres), R"((to_jsonb("t"."a")->(1)))");
}

TEST(Dialect, NumbersThatAreNoneAreTextsInJson) {
  SqlExpression json = SqlCall(Kind::kToJson, {SqlColumn("t", "a")});
  EXPECT_EQ(Where(json, SqlDialect::kDuckdb), R"(to_json("t"."a"))");
  json.type = {.kind = SqlType::Kind::kList, .element = {{SqlType::Kind::kDouble}}};
  EXPECT_EQ(Where(json, SqlDialect::kDuckdb),
            R"(regexp_replace(to_json("t"."a"), '-?Infinity|NaN', '"\0"', 'g'))");
}

TEST(Dialect, RowsOfAPartitionAreNumberedInOrder) {
  SqlExpression number = SqlCall(Kind::kRowNumber, {SqlColumn("t", "a")});
  number.order = {{SqlColumn("t", "b"), true, true}};
  EXPECT_EQ(
      Where(number, SqlDialect::kTrino),
      R"(row_number() OVER (PARTITION BY "t"."a" ORDER BY "t"."b" DESC NULLS FIRST))");
}

TEST(Dialect, GroupsAreNamedByTheirPlace) {
  SqlQuery query = People();
  query.items.push_back({SqlCall(Kind::kSum, {SqlColumn("t", "n")}), "c1"});
  query.group_by = {0};
  query.limit = 3;
  query.offset = 2;
  EXPECT_THAT(RenderQuery(query, SqlDialect::kDuckdb).sql,
              HasSubstr(R"(GROUP BY 1 OFFSET 2 LIMIT 3)"));
}

TEST(Dialect, NullIsInNoList) {
  const std::vector<SqlExpression> lists = {SqlColumn("t", "a"), SqlColumn("t", "b")};
  const auto contains = SqlCall(Kind::kContainsAll, lists);
  EXPECT_EQ(Where(contains, SqlDialect::kDuckdb),
            R"((list_has_all("t"."a", "t"."b") AND len("t"."b") = list_count("t"."b")))");
  EXPECT_EQ(Where(contains, SqlDialect::kTrino),
            R"((cardinality(array_except("t"."b", "t"."a")) = 0))");
  EXPECT_EQ(Where(SqlCall(Kind::kOverlaps, lists), SqlDialect::kTrino),
            R"((cardinality(array_intersect("t"."a", "t"."b")) > 0))");
}

TEST(Dialect, JsonIsComparedAsJson) {
  const auto equal =
      SqlCall(Kind::kJsonEqual, {SqlColumn("t", "j"), SqlValue(std::string("1"), kText)});
  EXPECT_EQ(Where(equal, SqlDialect::kDuckdb), R"(jsonb_eq("t"."j", ?))");
  EXPECT_EQ(Where(equal, SqlDialect::kTrino), R"(("t"."j" = ?))");
  EXPECT_EQ(Where(equal, SqlDialect::kPostgres), R"(("t"."j" = $1))");
}

TEST(Dialect, WhatTrinoCannotSayIsRefused) {
  const auto contains = SqlCall(
      Kind::kJsonContains, {SqlColumn("t", "j"), SqlValue(std::string("{}"), kText)});
  EXPECT_THROW(Where(contains, SqlDialect::kTrino), Error);
}

}  // namespace
}  // namespace shoestring
