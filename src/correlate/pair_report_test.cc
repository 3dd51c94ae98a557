#include "correlate/pair_report.h"

#include <gmock/gmock.h>

#include "base/json.h"
#include "correlate/test_holdings.h"

namespace shoestring {
namespace {

using testing::HasSubstr;

PairRequest Request() { return {.fund_a = "a", .fund_b = "b"}; }

std::vector<Holding> Holdings() {
  Holding other_quarter = Held("a", "9", 1000);
  other_quarter.security.quarter = {2024, 2};
  Holding put = Held("a", "2", 50);
  put.security.kind = Kind::kPut;
  return {Held("a", "1", 60), Held("a", "2", 40), Held("b", "1", 10),
          Held("b", "3", 30), other_quarter,      put};
}

TEST(PairReport, ComparesTheQuartersThatAreAskedFor) {
  const PairReport report = ComparePair(Holdings(), Request(), {{2024, 3}});
  EXPECT_EQ(MoneyText(report.a.total), "100");
  EXPECT_EQ(report.whole.overlap.tickers, 1);
  EXPECT_EQ(MoneyText(report.whole.overlap.value), "10");
  EXPECT_EQ(report.common.size(), 1);
  EXPECT_DOUBLE_EQ(report.weight_a, 0.6);
  EXPECT_DOUBLE_EQ(report.weight_b, 0.25);
  EXPECT_TRUE(report.by_quarter.empty());
}

TEST(PairReport, OfAllQuartersHasEachOfThem) {
  PairRequest request = Request();
  request.quarter.all = true;
  const PairReport report =
      ComparePair(Holdings(), std::move(request), {{2024, 2}, {2024, 3}});
  ASSERT_EQ(report.by_quarter.size(), 2);
  EXPECT_EQ(report.by_quarter[0].second.overlap.tickers, 0);
  EXPECT_EQ(report.by_quarter[1].second.overlap.tickers, 1);
}

TEST(PairReport, IsJson) {
  const PairReport report = ComparePair(Holdings(), Request(), {{2024, 3}});
  const auto json = ParseJson(PairJson(report), "report");
  const JsonView view(json, "report");
  EXPECT_EQ(view["quarter"].Text(), "2024-Q3");
  EXPECT_EQ(view["method"].Text(), "pearson");
  EXPECT_EQ(view["total_overlap_tickers"].Integer(), 1);
  EXPECT_EQ(view["total_overlap_value"].Integer(), 10);
  EXPECT_TRUE(view["correlation_score"].value().is_double());
  EXPECT_EQ(view["options"]["total_value_a"].Integer(), 50);
  const JsonView position = view["common_positions"].Items().at(0);
  EXPECT_EQ(position["cusip"].Text(), "1");
  EXPECT_FALSE(position.Find("ticker"));
}

TEST(PairReport, WithoutAPositionHasNoScore) {
  const PairReport report = ComparePair({Held("a", "1", 1)}, Request(), {{2024, 3}});
  const std::string json = PairJson(report);
  EXPECT_THAT(json, HasSubstr("\"correlation_score\": null"));
  EXPECT_THAT(json, HasSubstr("\"common_positions\": []"));
}

}  // namespace
}  // namespace shoestring
