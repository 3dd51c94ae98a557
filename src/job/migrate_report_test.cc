#include "job/migrate_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace shoestring {
namespace {

using std::chrono::seconds;

TEST(SourceAdviceTest, SpeaksOnlyOfASourceThatWasTheLimit) {
  MigrateReport report;
  report.wall_ms = 11'000;
  report.verify_ms = 1'000;
  report.copy_bytes = 50'000'000;
  report.times[Stage::kDecode] = seconds(4);
  report.times[Stage::kStore] = seconds(1);
  report.times[Stage::kSourceWait] = seconds(10);
  EXPECT_EQ(SourceAdvice(report), "");
  report.times[Stage::kSourceWait] = seconds(15);
  EXPECT_THAT(SourceAdvice(report), testing::HasSubstr("75% of the time"));
  EXPECT_THAT(SourceAdvice(report), testing::HasSubstr("at 5.0 MB/s"));
}

TEST(SourceAdviceTest, IsSilentOnWhatTookNoTime) {
  MigrateReport report;
  report.wall_ms = 200;
  report.times[Stage::kSourceWait] = std::chrono::milliseconds(150);
  EXPECT_EQ(SourceAdvice(report), "");
}

}  // namespace
}  // namespace shoestring
