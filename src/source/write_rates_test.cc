#include "source/write_rates.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace shoestring {
namespace {

using testing::HasSubstr;

constexpr double kDay = 86400;

InspectedTable Table(int64_t rows, Counters counters) {
  InspectedTable table;
  table.rows = rows;
  table.counters = counters;
  return table;
}

Inspection Counted(double seconds) {
  Inspection inspection;
  inspection.counted_seconds = seconds;
  return inspection;
}

TEST(RatesOfTest, RowsOverTime) {
  const auto rates = RatesOf(Table(10'000'000, {86400, 43200, 43200, 0}), Counted(kDay));
  EXPECT_EQ(rates.inserts, 1.0);
  EXPECT_EQ(rates.changes, 1.0);
}

TEST(RatesOfTest, UnknownAfterAReset) {
  const auto rates = RatesOf(Table(1000, {50, 0, 0, 0}), Counted(600));
  EXPECT_FALSE(rates.inserts);
  EXPECT_FALSE(rates.changes);
  EXPECT_THAT(CountersDoubt(Counted(600)), HasSubstr("only 10 min"));
  EXPECT_EQ(CountersDoubt(Counted(kDay)), "");
}

TEST(RatesOfTest, LoadingATableIsNoRate) {
  const Inspection day = Counted(kDay);
  EXPECT_FALSE(RatesOf(Table(1000, {1000, 10, 0, 0}), day).inserts);
  EXPECT_TRUE(RatesOf(Table(1000, {1000, 10, 0, 0}), day).changes);
  EXPECT_TRUE(RatesOf(Table(1000, {100, 0, 0, 0}), day).inserts);
  EXPECT_EQ(RatesOf(Table(0, {0, 0, 0, 0}), day).inserts, 0.0);
  EXPECT_TRUE(RatesOf(Table(1000, {1000, 0, 0, 0}), Counted(30 * kDay)).inserts);
}

TEST(RatesOfTest, ServersThatDoNotCount) {
  Inspection standby = Counted(kDay);
  standby.standby = true;
  EXPECT_THAT(CountersDoubt(standby), HasSubstr("standby"));
  Inspection off = Counted(kDay);
  off.counting = false;
  EXPECT_THAT(CountersDoubt(off), HasSubstr("track_counts"));
  EXPECT_FALSE(RatesOf(Table(1000, {0, 0, 0, 0}), off).changes);
}

}  // namespace
}  // namespace shoestring
