#include "base/units.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace shoestring {
namespace {

using std::chrono::milliseconds;

TEST(Units, ParsesBytes) {
  const std::pair<const char*, int64_t> cases[] = {
      {"0", 0},
      {"4096", 4096},
      {"1B", 1},
      {"512MB", 512'000'000},
      {"512mb", 512'000'000},
      {"512M", 512'000'000},
      {"1.5 GB", 1'500'000'000},
      {"2GiB", 2'147'483'648},
      {"2gi", 2'147'483'648},
      {" 10 KB ", 10'000},
      {"1TB", 1'000'000'000'000},
      {"9223372036854775807", INT64_MAX},
  };
  for (const auto& [text, bytes] : cases) EXPECT_EQ(ParseBytes(text), bytes) << text;
}

TEST(Units, RefusesWhatIsNoSize) {
  for (const char* text :
       {"", " ", "-1", "-1MB", "MB", "1XB", "1MBs", "1 2", "1e5", "nan", "inf", "1..5",
        "0x10", "9223372036854775808", "1e99", "99999PB", "1KiBB"}) {
    EXPECT_THROW(ParseBytes(text), Error) << text;
  }
}

TEST(Units, ParsesDurations) {
  const std::pair<const char*, int64_t> cases[] = {
      {"0", 0},
      {"30", 30'000},
      {"30s", 30'000},
      {"250ms", 250},
      {"1.5s", 1500},
      {"5m", 300'000},
      {"5min", 300'000},
      {"1h30m", 5'400'000},
      {"1h 30m", 5'400'000},
      {"7d", 604'800'000},
      {"0.5", 500},
  };
  for (const auto& [text, ms] : cases) {
    EXPECT_EQ(ParseDuration(text), milliseconds(ms)) << text;
  }
}

TEST(Units, RefusesWhatIsNoDuration) {
  for (const char* text :
       {"", "s", "-1s", "1x", "1h30", "30 40", "1y", "nan", "1e400s", "99999999d"}) {
    EXPECT_THROW(ParseDuration(text), Error) << text;
  }
}

TEST(Units, ErrorsNameTheTextAndTheWayOut) {
  try {
    ParseBytes("lots");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kInvalidArgument);
    EXPECT_THAT(error.what(), testing::HasSubstr("512MB"));
    EXPECT_THAT(error.what(), testing::HasSubstr("'lots'"));
  }
}

TEST(Units, FormatsBytes) {
  const std::pair<int64_t, const char*> cases[] = {
      {0, "0 B"},          {999, "999 B"},          {1000, "1.0 KB"},
      {1234, "1.2 KB"},    {12'345'678, "12.3 MB"}, {123'456'789, "123 MB"},
      {999'499, "999 KB"}, {999'999, "1.0 MB"},     {INT64_MAX, "9.2 EB"},
  };
  for (const auto& [bytes, text] : cases) EXPECT_EQ(FormatBytes(bytes), text);
}

TEST(Units, FormatsCounts) {
  const std::pair<int64_t, const char*> cases[] = {
      {0, "0"},          {999, "999"},   {1000, "1,000"}, {5'700'000, "5,700,000"},
      {-1000, "-1,000"}, {-100, "-100"},
  };
  for (const auto& [count, text] : cases) EXPECT_EQ(FormatCount(count), text);
}

TEST(Units, FormatsDurations) {
  const std::pair<int64_t, const char*> cases[] = {
      {0, "0 ms"},
      {999, "999 ms"},
      {1000, "1.0 s"},
      {3449, "3.4 s"},
      {59'949, "59.9 s"},
      {59'950, "1 min 0 s"},
      {245'000, "4 min 5 s"},
      {7'380'000, "2 h 3 min"},
  };
  for (const auto& [ms, text] : cases) EXPECT_EQ(FormatDuration(milliseconds(ms)), text);
}

}  // namespace
}  // namespace shoestring
