#include "correlate/quarter.h"

#include <gtest/gtest.h>

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
