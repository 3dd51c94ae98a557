#include "correlate/holdings_query.h"

#include <arrow/api.h>
#include <gmock/gmock.h>

#include "base/error.h"
#include "correlate/test_holdings.h"
#include "sql/dialect.h"

namespace shoestring {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

TEST(HoldingsQuery, AsksForBothFundsInOneScan) {
  const SqlQuery query = HoldingsQuery({}, {"A", "B'; DROP TABLE x"}, Quarter{2024, 4});
  const Statement trino = RenderQuery(query, SqlDialect::kTrino);
  EXPECT_EQ(trino.sql,
            R"(SELECT "h"."fund_name" AS "fund", "h"."period_end" AS "quarter", )"
            R"("h"."cusip" AS "cusip", "h"."ticker" AS "ticker", )"
            R"("h"."put_call" AS "put_call", "h"."filing_id" AS "filing", )"
            R"("h"."filing_date" AS "filed", )"
            R"(CAST("h"."market_value" AS DECIMAL(38, 4)) AS "value" )"
            R"(FROM "fund_holdings" AS "h" WHERE (("h"."fund_name" IN (?, ?)) )"
            R"(AND ("h"."period_end" >= CAST(? AS DATE)) )"
            R"(AND ("h"."period_end" < CAST(? AS DATE))))");
  EXPECT_THAT(trino.parameters,
              ElementsAre(Parameter("A"), Parameter("B'; DROP TABLE x"),
                          Parameter("2024-10-01"), Parameter("2025-01-01")));
}

TEST(HoldingsQuery, AddsUpTheLinesOfAllFunds) {
  const std::string sql =
      RenderQuery(HoldingsQuery({}, {}, Quarter{2024, 4}), SqlDialect::kTrino).sql;
  EXPECT_THAT(sql, HasSubstr(R"(CAST(sum("h"."market_value") AS DECIMAL(38, 4)))"));
  EXPECT_THAT(sql, HasSubstr("GROUP BY 1, 2, 3, 4, 5, 6, 7"));
}

TEST(HoldingsQuery, LeavesOutColumnsThatThereAreNot) {
  CorrelationSettings settings;
  settings.table = "odd.lines";
  settings.cusip = settings.put_call = settings.filing = settings.filed = "";
  const std::string sql =
      RenderQuery(HoldingsQuery(settings, {}, std::nullopt), SqlDialect::kDuckdb).sql;
  EXPECT_THAT(sql, HasSubstr(R"(FROM lake_scan('odd.lines') AS "h" GROUP BY 1, 2, 3)"));
  EXPECT_THAT(sql, Not(HasSubstr("cusip")));
}

std::shared_ptr<arrow::Array> Texts(const std::vector<const char*>& texts) {
  arrow::StringBuilder builder;
  for (const char* text : texts) {
    EXPECT_TRUE((text ? builder.Append(text) : builder.AppendNull()).ok());
  }
  return builder.Finish().ValueOrDie();
}

std::shared_ptr<arrow::Array> Sums(const std::vector<int64_t>& dollars) {
  arrow::Decimal128Builder builder(arrow::decimal128(38, 4));
  for (const int64_t each : dollars) {
    EXPECT_TRUE(builder.Append(Held("", "", each).value).ok());
  }
  return builder.Finish().ValueOrDie();
}

std::shared_ptr<arrow::RecordBatch> Batch() {
  const std::vector<std::pair<const char*, std::shared_ptr<arrow::Array>>> columns = {
      {"fund", Texts({"a", "a", "a", "a"})},
      {"quarter", Texts({"2022-09-30", "2023-06-30", "2023-06-30", nullptr})},
      {"cusip", Texts({"37833100", "N/A", nullptr, "037833100"})},
      {"ticker", Texts({"AAPL", "XYZ", nullptr, "AAPL"})},
      {"put_call", Texts({nullptr, "Put", nullptr, nullptr})},
      {"filed", Texts({"2022-11-14", "2023-08-14", "2023-08-14", "2023-08-14"})},
      {"value", Sums({5, 7, 9, 11})}};
  arrow::FieldVector fields;
  arrow::ArrayVector arrays;
  for (const auto& [name, array] : columns) {
    fields.push_back(arrow::field(name, array->type()));
    arrays.push_back(array);
  }
  return arrow::RecordBatch::Make(arrow::schema(fields), 4, arrays);
}

TEST(ReadHoldings, RestoresCusipsAndThousandsAndLeavesOutWhatHasNoName) {
  CorrelationSettings settings;
  settings.thousands_before = "2023-01-03";
  std::vector<Holding> holdings;
  ReadHoldings(settings, *Batch(), &holdings);
  ASSERT_EQ(holdings.size(), 2);
  EXPECT_EQ(holdings[0].security.id, "037833100");
  EXPECT_TRUE(holdings[0].security.is_cusip);
  EXPECT_EQ(holdings[0].security.quarter, (Quarter{2022, 3}));
  EXPECT_EQ(MoneyText(holdings[0].value), "5000");
  EXPECT_EQ(holdings[1].security.id, "XYZ");
  EXPECT_FALSE(holdings[1].security.is_cusip);
  EXPECT_EQ(holdings[1].security.kind, Kind::kPut);
  EXPECT_EQ(MoneyText(holdings[1].value), "7");
}

TEST(ReadFundQuarters, KnowsWhoFiledWhen) {
  FundQuarters quarters;
  ReadFundQuarters(*Batch(), &quarters);
  EXPECT_THAT(quarters["a"], ElementsAre(Quarter{2022, 3}, Quarter{2023, 2}));
}

TEST(CorrelationSettings, AreCheckedTogether) {
  const auto read = [](std::string_view toml) {
    return ReadCorrelationSettings(Settings::Parse(toml, "test.toml"));
  };
  EXPECT_EQ(read("[correlation]\nput_call = 'none'\nfund = 'who'").put_call, "");
  EXPECT_EQ(read("[correlation]\nfund = 'who'").fund, "who");
  EXPECT_THROW(read("[correlation]\ncusip = 'none'\nticker = 'none'"), Error);
  EXPECT_THROW(read("[correlation]\nthousands_before = '2022'"), Error);
  EXPECT_THROW(read("[correlation]\nthousands_before = '2023-01-03'\nfiled = 'none'"),
               Error);
}

}  // namespace
}  // namespace shoestring
