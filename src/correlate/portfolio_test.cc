#include "correlate/portfolio.h"

#include <gmock/gmock.h>

#include "correlate/test_holdings.h"

namespace shoestring {
namespace {

using testing::ElementsAre;

std::vector<std::string> Values(const std::vector<Position>& positions) {
  std::vector<std::string> values;
  for (const Position& position : positions) values.push_back(MoneyText(position.value));
  return values;
}

std::vector<double> Weights(const Portfolio& portfolio) {
  std::vector<double> weights;
  for (const Position& each : portfolio.positions) weights.push_back(each.weight);
  return weights;
}

Holding Filed(Holding holding, std::string filed, std::string filing) {
  holding.filed = std::move(filed);
  holding.filing = std::move(filing);
  return holding;
}

TEST(Portfolios, AddUpTheLinesOfAPosition) {
  const auto portfolios = BuildPortfolios(
      {Held("b", "2", 6), Held("a", "1", 10), Held("a", "2", 30), Held("a", "1", 20)},
      /*options=*/false);
  ASSERT_EQ(portfolios.funds.size(), 2);
  const Portfolio& a = *portfolios.Find("a");
  EXPECT_THAT(Values(a.positions), ElementsAre("30", "30"));
  EXPECT_THAT(Weights(a), ElementsAre(0.5, 0.5));
  EXPECT_EQ(MoneyText(a.total), "60");
  EXPECT_THAT(Weights(*portfolios.Find("b")), ElementsAre(1));
  EXPECT_EQ(portfolios.Find("c"), nullptr);
}

TEST(Portfolios, SetPutsAndCallsApartUnlessTheyAreAskedFor) {
  Holding put = Held("a", "1", 70);
  put.security.kind = Kind::kPut;
  const std::vector<Holding> holdings = {Held("a", "1", 30), put};
  const auto apart = BuildPortfolios(holdings, /*options=*/false);
  EXPECT_THAT(Weights(apart.funds[0]), ElementsAre(1));
  EXPECT_THAT(Values(apart.funds[0].options), ElementsAre("70"));
  EXPECT_EQ(MoneyText(apart.funds[0].options_total), "70");
  const auto counted = BuildPortfolios(holdings, /*options=*/true);
  EXPECT_THAT(Weights(counted.funds[0]), ElementsAre(0.3, 0.7));
  EXPECT_TRUE(counted.funds[0].options.empty());
}

TEST(Portfolios, GiveEachQuarterTheSameWeight) {
  Holding later = Held("a", "1", 900);
  later.security.quarter = {2024, 4};
  const auto portfolios =
      BuildPortfolios({Held("a", "1", 1), Held("a", "2", 3), later}, /*options=*/false);
  EXPECT_THAT(Weights(portfolios.funds[0]), ElementsAre(0.125, 0.375, 0.5));
}

TEST(Portfolios, TakeALaterFilingThatRepeatsPositionsInPlaceOfTheFirst) {
  const auto portfolios = BuildPortfolios({Filed(Held("a", "1", 5), "2024-12-01", "9"),
                                           Filed(Held("a", "1", 1), "2024-11-14", "1"),
                                           Filed(Held("a", "2", 1), "2024-11-14", "1")},
                                          /*options=*/false);
  EXPECT_THAT(Values(portfolios.funds[0].positions), ElementsAre("5"));
}

TEST(Portfolios, AddALaterFilingOfOtherPositions) {
  const auto portfolios = BuildPortfolios({Filed(Held("a", "1", 1), "2024-11-14", "1"),
                                           Filed(Held("a", "2", 2), "2024-11-14", "1"),
                                           Filed(Held("a", "3", 4), "2024-11-14", "1"),
                                           Filed(Held("a", "1", 8), "2024-12-01", "2"),
                                           Filed(Held("a", "4", 16), "2024-12-01", "2")},
                                          /*options=*/false);
  EXPECT_THAT(Values(portfolios.funds[0].positions), ElementsAre("9", "2", "4", "16"));
}

TEST(Portfolios, LabelASecurityByItsFirstTickerOrItsCusip) {
  Holding with_ticker = Held("a", "1", 1);
  with_ticker.ticker = "ZZZ";
  Holding other_class = Held("a", "3", 1);
  other_class.ticker = "ZZZ";
  const auto portfolios = BuildPortfolios(
      {Held("b", "1", 1), with_ticker, Held("a", "2", 1), other_class}, false);
  EXPECT_THAT(portfolios.labels, ElementsAre("ZZZ", "2", "ZZZ"));
  EXPECT_THAT(portfolios.label_of, ElementsAre(0, 1, 0));
}

}  // namespace
}  // namespace shoestring
