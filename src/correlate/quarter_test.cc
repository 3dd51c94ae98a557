#include "correlate/quarter.h"

#include <gtest/gtest.h>

#include <limits>

#include "base/error.h"

namespace shoestring {
namespace {

TEST(Quarter, IsReadFromItsNameAndFromDates) {
  const Quarter third{2024, 3};
  for (const char* text : {"2024-Q3", "2024Q3", "2024q3", "2024-07-01", "2024-09-30",
                           "2024-09-30 12:00:00+00"}) {
    EXPECT_EQ(ParseQuarter(text), third) << text;
  }
  EXPECT_EQ(ParseQuarter("2024-12-31"), (Quarter{2024, 4}));
  for (const char* text : {"", "2024", "2024-Q5", "2024-Q", "2024-13-01", "2024-9-30",
                           "Q3 2024", "20240930", "2024-Q3x", "2024-1", "infinity"}) {
    EXPECT_EQ(ParseQuarter(text), std::nullopt) << text;
  }
}

TEST(Quarter, IsThatOfADay) {
  using namespace std::chrono_literals;
  EXPECT_EQ(QuarterOf(2024y / 7 / 1), (Quarter{2024, 3}));
  EXPECT_EQ(QuarterOf(2024y / 12 / 31), (Quarter{2024, 4}));
  EXPECT_EQ(QuarterOf(1y / 1 / 1), (Quarter{1, 1}));
  EXPECT_EQ(QuarterOf(0y / 12 / 31), std::nullopt);
  EXPECT_EQ(QuarterOf(10000y / 1 / 1), std::nullopt);
  constexpr int32_t kInfinity = std::numeric_limits<int32_t>::max();
  for (const int32_t days : {kInfinity, -kInfinity}) {
    EXPECT_EQ(QuarterOf(std::chrono::sys_days(std::chrono::days(days))), std::nullopt);
  }
}

TEST(Quarter, HasANameAndDays) {
  EXPECT_EQ(QuarterName({2024, 3}), "2024-Q3");
  EXPECT_EQ(FirstDay({2024, 4}), "2024-10-01");
  EXPECT_EQ(NextQuarter({2024, 4}), (Quarter{2025, 1}));
  EXPECT_EQ(NextQuarter({2024, 1}), (Quarter{2024, 2}));
}

TEST(QuarterChoice, IsTheLatestAllOrOne) {
  EXPECT_FALSE(ParseQuarterChoice("").all);
  EXPECT_FALSE(ParseQuarterChoice("latest").quarter);
  EXPECT_TRUE(ParseQuarterChoice("all").all);
  EXPECT_EQ(ParseQuarterChoice("2013-Q2").quarter, (Quarter{2013, 2}));
  EXPECT_THROW(ParseQuarterChoice("now"), Error);
}

}  // namespace
}  // namespace shoestring
