#include "correlate/similarity.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"

namespace shoestring {
namespace {

/// Positions with these weights, in securities numbered from 0; a weight of 0 is none.
std::vector<Position> Weighted(const std::vector<double>& weights) {
  std::vector<Position> positions;
  for (size_t i = 0; i < weights.size(); ++i) {
    if (weights[i] == 0) continue;
    positions.push_back({static_cast<uint32_t>(i),
                         Money(static_cast<int64_t>(weights[i] * 1e6)), weights[i]});
  }
  return positions;
}

TEST(Scores, AreThoseOfTheUnion) {
  const Scores scores =
      ScoreAll(Weighted({0.5, 0.3, 0.2, 0}), Weighted({0.2, 0.6, 0, 0.2}));
  // numpy.corrcoef([.5, .3, .2, 0], [.2, .6, 0, .2])[0, 1]
  EXPECT_NEAR(scores.pearson, 0.19088542889273327, 1e-12);
  EXPECT_NEAR(scores.cosine, 0.28 / std::sqrt(0.38 * 0.44), 1e-15);
  EXPECT_DOUBLE_EQ(scores.jaccard, 0.5);
  EXPECT_DOUBLE_EQ(scores.common_weight, 0.5);
}

TEST(Scores, OfTheSamePortfolioAreOne) {
  const auto positions = Weighted({0.5, 0.3, 0.2});
  const Scores scores = ScoreAll(positions, positions);
  EXPECT_NEAR(scores.pearson, 1, 1e-15);
  EXPECT_NEAR(scores.cosine, 1, 1e-15);
  EXPECT_EQ(scores.jaccard, 1);
  EXPECT_EQ(scores.common_weight, 1);
}

TEST(Scores, OfNothingInCommonAreNotPositive) {
  const Scores scores = ScoreAll(Weighted({0.5, 0.5}), Weighted({0, 0, 0.9, 0.1}));
  EXPECT_LT(scores.pearson, 0);
  EXPECT_EQ(scores.cosine, 0);
  EXPECT_EQ(scores.jaccard, 0);
  EXPECT_EQ(scores.common_weight, 0);
}

TEST(Scores, AreNotDefinedWithoutADifferenceOrAPosition) {
  const Scores alike = ScoreAll(Weighted({0.5, 0.5}), Weighted({0.9, 0.1}));
  EXPECT_TRUE(std::isnan(alike.pearson));
  EXPECT_TRUE(std::isfinite(alike.cosine));
  const Scores empty = ScoreAll({}, Weighted({1}));
  for (const char* method : {"pearson", "cosine", "jaccard", "common_weight"}) {
    EXPECT_TRUE(std::isnan(empty.Of(ParseMethod(method)))) << method;
  }
}

TEST(Scores, OfWhatIsWorthNothingAreNotDefinedEitherWayRound) {
  const auto nothing = Weighted({std::nan(""), std::nan("")});
  const auto some = Weighted({0.5, 0.2, 0.3});
  for (const char* method : {"pearson", "cosine", "common_weight"}) {
    EXPECT_TRUE(std::isnan(ScoreAll(nothing, some).Of(ParseMethod(method)))) << method;
    EXPECT_TRUE(std::isnan(ScoreAll(some, nothing).Of(ParseMethod(method)))) << method;
  }
}

TEST(Alignment, CanBeUsedAgain) {
  const auto a = Weighted({0.5, 0.3, 0.2, 0});
  const auto b = Weighted({0.2, 0.6, 0, 0.2});
  Alignment alignment;
  for (const char* name : {"pearson", "cosine", "jaccard", "common_weight"}) {
    const Method method = ParseMethod(name);
    EXPECT_EQ(MethodName(method), name);
    alignment.Align({}, b);
    EXPECT_TRUE(std::isnan(alignment.Score(method)));
    alignment.Align(a, b);
    EXPECT_EQ(alignment.Score(method), ScoreAll(a, b).Of(method)) << name;
    EXPECT_EQ(alignment.common.size(), 2);
  }
  EXPECT_THROW(ParseMethod("spearman"), Error);
}

TEST(Overlap, CountsTickersOnceAndTakesTheSmallerValues) {
  const auto a = Weighted({0.5, 0.3, 0.2, 0});
  const auto b = Weighted({0.2, 0.6, 0, 0.2});
  const auto common = CommonPositions(a, b);
  ASSERT_EQ(common.size(), 2);
  const Overlap overlap = SumUp(common, {7, 7, 8, 9});
  EXPECT_EQ(overlap.tickers, 1);
  EXPECT_EQ(MoneyText(overlap.value), "50");
  EXPECT_EQ(MoneyText(overlap.value_a), "80");
  EXPECT_EQ(MoneyText(overlap.value_b), "80");
}

}  // namespace
}  // namespace shoestring
