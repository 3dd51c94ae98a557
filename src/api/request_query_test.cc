#include "api/request_query.h"

#include <gmock/gmock.h>

#include "api/api_error.h"

namespace shoestring {
namespace {

using testing::ElementsAre;
using testing::Pair;

RequestQuery Parse(std::string_view raw) { return ParseRequestQuery(raw, false, 8); }

/// "message | details" of the refusal.
std::string Refusal(std::string_view raw) {
  try {
    Parse(raw);
  } catch (const ApiError& error) {
    const std::string json = error.ToJson();
    const size_t details = json.find("\"details\":") + 10;
    return std::string(error.what()) + " | " +
           json.substr(details, json.find(",\"hint\"") - details);
  }
  return "accepted";
}

TEST(RequestQuery, SelectHasFieldsAndTables) {
  const auto items =
      Parse(
          "select=id,myName:name::text,data-%3Ea-%3E%3E0,total:n.sum()::int,"
          "client:clients!fk!inner(*),...owner(n:name)")
          .select;
  ASSERT_EQ(items.size(), 6);
  EXPECT_EQ(items[1].alias, "myName");
  EXPECT_EQ(items[1].cast, "text");
  EXPECT_THAT(items[2].field.path, ElementsAre(JsonStep("a"), JsonStep(int64_t{0})));
  EXPECT_TRUE(items[2].field.as_text);
  EXPECT_EQ(items[3].aggregate, Aggregate::kSum);
  EXPECT_EQ(items[3].aggregate_cast, "int");
  EXPECT_TRUE(items[4].embed && items[4].inner);
  EXPECT_EQ(items[4].hint, "fk");
  EXPECT_EQ(items[4].items.at(0).field.name, "*");
  EXPECT_TRUE(items[5].spread);
}

TEST(RequestQuery, NothingSelectedIsNothingAndWithoutSelectItIsAll) {
  EXPECT_TRUE(Parse("select=").select.empty());
  EXPECT_EQ(Parse("").select.at(0).field.name, "*");
  EXPECT_EQ(Parse("select=count()").select.at(0).aggregate, Aggregate::kCount);
}

TEST(RequestQuery, FiltersKeepTheirValuesVerbatim) {
  const auto query =
      Parse("name=eq.%22a%22&a.b.c=not.in.(1,%22x,y%22,z)&d=like(any).{a*}");
  EXPECT_EQ(query.filters[0].second.filter->value, "\"a\"");
  EXPECT_THAT(query.filters[1].first, ElementsAre("a", "b"));
  EXPECT_TRUE(query.filters[1].second.filter->negated);
  EXPECT_THAT(query.filters[1].second.filter->values, ElementsAre("1", "x,y", "z"));
  EXPECT_EQ(query.filters[2].second.filter->quantifier, Quantifier::kAny);
}

TEST(RequestQuery, LogicNests) {
  const auto [path, tree] =
      Parse("child.not.or=(id.eq.1,not.and(a.is.NULL,b.in.(1,2)),arr.cs.{1,2})")
          .filters.at(0);
  EXPECT_THAT(path, ElementsAre("child"));
  EXPECT_TRUE(tree.negated && tree.any);
  ASSERT_EQ(tree.parts.size(), 3);
  EXPECT_EQ(tree.parts[1].parts[0].filter->operation, FilterOperator::kIsNull);
  EXPECT_EQ(tree.parts[2].filter->value, "{1,2}");
}

TEST(RequestQuery, OrdersLimitsAndOffsetsGoByPath) {
  const auto query =
      Parse("order=a.desc.nullslast,c(b)&p.order=x&p.limit=3&offset=2&limit=x");
  EXPECT_TRUE(query.orders[0].second[0].descending);
  EXPECT_EQ(query.orders[0].second[0].nulls_first, false);
  EXPECT_EQ(query.orders[0].second[1].relation, "c");
  EXPECT_EQ(query.ranges.at({"p"}).limit, 3);
  EXPECT_EQ(query.ranges.at({}).offset, 2);
  EXPECT_EQ(query.ranges.at({}).limit, std::nullopt);
}

TEST(RequestQuery, IsWrittenAgainInOrder) {
  EXPECT_EQ(Parse("b=eq.1&a=eq.x%20y&apikey=secret").canonical, "a=eq.x%20y&b=eq.1");
}

TEST(RequestQuery, ArgumentsOfFunctionsAreNoFilters) {
  const auto query = ParseRequestQuery("min=1&name=eq.x", true, 8);
  EXPECT_THAT(query.arguments, ElementsAre(Pair("min", "1")));
  EXPECT_EQ(query.filters.size(), 1);
}

TEST(RequestQuery, SaysWhatItExpectedAsPostgrestDoes) {
  EXPECT_EQ(Refusal("id=0"),
            R"x("failed to parse filter (0)" (line 1, column 1) | )x"
            R"x("unexpected \"0\" expecting \"not\" or operator (eq, gt, ...)")x");
  EXPECT_EQ(Refusal("order=id.asc.nullslasttt"),
            R"x("failed to parse order (id.asc.nullslasttt)" (line 1, column 17) | )x"
            R"x("unexpected 't' expecting \",\" or end of input")x");
  EXPECT_EQ(Refusal("or=()"),
            R"x("failed to parse logic tree (())" (line 1, column 4) | )x"
            R"x("unexpected \")\" expecting field name (* or [a..z0..9_$]), )x"
            R"x(negation operator (not) or logic operator (and, or)")x");
  EXPECT_EQ(Refusal("select=data->(x"),
            R"x("failed to parse select parameter (data->(x)" (line 1, column 7) | )x"
            R"x("unexpected \"(\" expecting \"-\", digit or any non reserved )x"
            R"x(character different from: .,>()")x");
  EXPECT_EQ(Refusal("select=data->>--34"),
            R"x("failed to parse select parameter (data->>--34)" (line 1, column 9) | )x"
            R"x("unexpected \"-\" expecting digit")x");
  EXPECT_EQ(Refusal("select=id,clients(name[])"),
            R"x("failed to parse select parameter (id,clients(name[]))" )x"
            R"x((line 1, column 16) | "unexpected '[' expecting letter, digit, \"-\", )x"
            R"x(\"->>\", \"->\", \"::\", \".\", \")\", \",\" or end of input")x");
}

TEST(RequestQuery, IsUtf8WithoutZeroBytes) {
  for (const char* text : {"a=eq.%ff", "a=eq.%C0%80", "a=eq.%ED%A0%80", "a=eq.%E0%80%80",
                           "a=eq.%00", "select=%00", "%00=eq.1", "order=a%00"}) {
    EXPECT_THROW(Parse(text), ApiError) << text;
  }
}

TEST(RequestQuery, DepthIsLimited) {
  std::string select = "select=";
  for (int i = 0; i < 100'000; ++i) select += "a(";
  EXPECT_THROW(Parse(select), ApiError);
  std::string logic = "and=(";
  for (int i = 0; i < 100'000; ++i) logic += "and(";
  EXPECT_THROW(Parse(logic), ApiError);
}

}  // namespace
}  // namespace shoestring
