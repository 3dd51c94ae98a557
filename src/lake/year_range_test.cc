#include "lake/year_range.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace shoestring {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

YearRange Range(const std::vector<std::pair<int, int64_t>>& years, int this_year = 2026) {
  std::vector<DataFile> files;
  for (const auto& [year, rows] : years) {
    files.push_back({.partition = {year, year == 0 ? 0 : 12}, .rows = rows});
  }
  return ProjectedYears(files, this_year);
}

TEST(YearRange, FromTheDataWithRoomAhead) {
  const YearRange range = Range({{2013, 10}, {2024, 10}});
  EXPECT_EQ(range.first, 2013);
  EXPECT_EQ(range.last, 2031);
  EXPECT_EQ(range.hidden_rows, 0);
  EXPECT_THAT(range.hidden, IsEmpty());
  EXPECT_EQ(Range({{2030, 1}}).last, 2035);
}

TEST(YearRange, StraysAndNullsAreOutsideAndCounted) {
  const YearRange range = Range({{0, 7}, {1, 1}, {2013, 10}, {2024, 10}, {9999, 3}});
  EXPECT_EQ(range.first, 2013);
  EXPECT_EQ(range.last, 2031);
  EXPECT_EQ(range.hidden_rows, 11);
  EXPECT_THAT(range.hidden,
              ElementsAre("year=0/month=0", "year=1/month=12", "year=9999/month=12"));
}

TEST(YearRange, WhatIsNoCenturyAwayIsInside) {
  const YearRange range = Range({{1900, 1}, {1999, 50}, {2099, 1}});
  EXPECT_EQ(range.first, 1900);
  EXPECT_EQ(range.last, 2104);
  EXPECT_EQ(range.hidden_rows, 0);
}

TEST(YearRange, LongAgo) {
  const YearRange range = Range({{1066, 1}, {1100, 5}});
  EXPECT_EQ(range.first, 1066);
  EXPECT_EQ(range.last, 1105);
}

TEST(YearRange, WithoutDates) {
  EXPECT_EQ(Range({}).first, 2026);
  EXPECT_EQ(Range({}).last, 2031);
  EXPECT_EQ(Range({{0, 7}}).hidden_rows, 7);
}

}  // namespace
}  // namespace shoestring
