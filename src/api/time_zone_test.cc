#include "api/time_zone.h"

#include <gtest/gtest.h>

namespace shoestring {
namespace {

constexpr int64_t kHour = 3'600;
/// 2023-03-12 10:00 UTC and 2023-11-05 09:00 UTC, when the clocks of Los Angeles are
/// turned.
constexpr int64_t kSpring = 1'678'615'200;
constexpr int64_t kAutumn = 1'699'174'800;

TEST(TimeZone, IsOneOfTheMachine) {
  EXPECT_EQ(TimeZone::Find("Asia/Kathmandu")->name(), "Asia/Kathmandu");
  for (const char* none :
       {"", "Jupiter/Red_Spot", "/etc/passwd", "../zoneinfo/UTC", "Asia"}) {
    EXPECT_FALSE(TimeZone::Find(none)) << none;
  }
}

TEST(TimeZone, OffsetsOfMoments) {
  EXPECT_EQ(TimeZone::Find("UTC")->OffsetAt(kSpring), 0);
  EXPECT_EQ(TimeZone::Find("Asia/Kathmandu")->OffsetAt(kSpring), 5 * kHour + 45 * 60);
  const auto angeles = *TimeZone::Find("America/Los_Angeles");
  EXPECT_EQ(angeles.OffsetAt(kSpring - 1), -8 * kHour);
  EXPECT_EQ(angeles.OffsetAt(kSpring), -7 * kHour);
  EXPECT_EQ(angeles.OffsetAt(kAutumn), -8 * kHour);
}

TEST(TimeZone, ALocalTimeThatIsSkippedOrTwofoldIsStandardTime) {
  const auto angeles = *TimeZone::Find("America/Los_Angeles");
  EXPECT_EQ(angeles.OffsetOfLocal(kSpring - 8 * kHour - 1), -8 * kHour);
  EXPECT_EQ(angeles.OffsetOfLocal(kSpring - 8 * kHour + 60), -8 * kHour);  // Skipped.
  EXPECT_EQ(angeles.OffsetOfLocal(kSpring - 7 * kHour), -7 * kHour);
  EXPECT_EQ(angeles.OffsetOfLocal(kAutumn - 8 * kHour + 60), -8 * kHour);  // Twice.
}

/// The machine's lists of turns end in 2037, the rules do not.
TEST(TimeZone, YearsToCome) {
  const auto berlin = *TimeZone::Find("Europe/Berlin");
  for (const int64_t spring : {2'531'955'600, 4'109'878'800, 8'838'478'515'600}) {
    // 2050-03-27, 2100-03-28, and 280,000 years later.
    EXPECT_EQ(berlin.OffsetAt(spring - 1), kHour) << spring;
    EXPECT_EQ(berlin.OffsetAt(spring), 2 * kHour) << spring;
    EXPECT_EQ(berlin.OffsetOfLocal(spring + kHour - 1), kHour) << spring;
    EXPECT_EQ(berlin.OffsetOfLocal(spring + 2 * kHour), 2 * kHour) << spring;
  }
}

}  // namespace
}  // namespace shoestring
