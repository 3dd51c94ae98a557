#include "source/table_growth.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace shoestring {
namespace {

using testing::DoubleNear;

constexpr int32_t kToday = 20000;
constexpr double kMonth = 365.0 / 12;

TEST(EstimateGrowthTest, NothingWithoutStatistics) {
  EXPECT_FALSE(EstimateGrowth({}, 1000, kToday));
}

TEST(EstimateGrowthTest, EvenHistogram) {
  // Four years, a quarter of the rows in each.
  DateStatistics statistics;
  for (int year = 4; year >= 0; --year)
    statistics.histogram.push_back(kToday - 365 * year);
  const auto growth = EstimateGrowth(statistics, 48'000, kToday);
  ASSERT_TRUE(growth);
  EXPECT_EQ(growth->latest, kToday);
  EXPECT_THAT(growth->rows_per_month, DoubleNear(1000, 1));
}

TEST(EstimateGrowthTest, CommonValuesAlone) {
  // Eight quarters, each with an eighth of the rows: the last four are within the year.
  DateStatistics statistics;
  for (int quarter = 0; quarter < 8; ++quarter) {
    statistics.common.emplace_back(kToday - 91 * quarter, 0.125);
  }
  const auto growth = EstimateGrowth(statistics, 2400, kToday);
  ASSERT_TRUE(growth);
  EXPECT_THAT(growth->rows_per_month, DoubleNear(2400 * 0.625 / 12, 1));
}

TEST(EstimateGrowthTest, NullsAreNoGrowth) {
  DateStatistics statistics;
  statistics.null_fraction = 0.5;
  statistics.histogram = {kToday - 365, kToday};
  const auto growth = EstimateGrowth(statistics, 24'000, kToday);
  ASSERT_TRUE(growth);
  EXPECT_THAT(growth->rows_per_month, DoubleNear(1000, 5));
}

TEST(EstimateGrowthTest, AStrayDateOfTheFutureDoesNotCount) {
  DateStatistics statistics;
  statistics.common = {{2932896, 0.01}};  // 9999-12-31
  statistics.histogram = {kToday - 730, kToday - 365, kToday, 2932896};
  const auto growth = EstimateGrowth(statistics, 1000, kToday);
  ASSERT_TRUE(growth);
  EXPECT_EQ(growth->latest, kToday);
}

TEST(EstimateGrowthTest, AYoungTableCountsItsOwnMonths) {
  DateStatistics statistics;
  const int32_t first = kToday - static_cast<int32_t>(3 * kMonth);
  statistics.histogram = {first, kToday};
  const auto growth = EstimateGrowth(statistics, 3000, kToday);
  ASSERT_TRUE(growth);
  EXPECT_THAT(growth->rows_per_month, DoubleNear(1000, 30));
}

TEST(EstimateGrowthTest, OneLoadIsNoGrowth) {
  DateStatistics statistics;
  statistics.common = {{kToday - 1, 0.5}, {kToday, 0.5}};
  EXPECT_FALSE(EstimateGrowth(statistics, 1000, kToday));
}

}  // namespace
}  // namespace shoestring
