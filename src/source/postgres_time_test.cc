#include "source/postgres_time.h"

#include <gtest/gtest.h>

#include <limits>

namespace shoestring {
namespace {

template <typename T>
std::string BigEndian(T value) {
  std::string bytes;
  AppendBigEndian(&bytes, value);
  return bytes;
}

TEST(PostgresTimeTest, DecodesDates) {
  using Limits = std::numeric_limits<int32_t>;
  const struct {
    int32_t raw;
    TimeOutcome outcome;
    CivilDate date;
  } cases[] = {
      {0, TimeOutcome::kOk, {2000, 1, 1}},
      {-1, TimeOutcome::kOk, {1999, 12, 31}},
      {59, TimeOutcome::kOk, {2000, 2, 29}},
      {-730119, TimeOutcome::kOk, {1, 1, 1}},
      {-730120, TimeOutcome::kOutOfRange, {}},
      {2921939, TimeOutcome::kOk, {9999, 12, 31}},
      {2921940, TimeOutcome::kOutOfRange, {}},
      {Limits::max(), TimeOutcome::kInfinity, {}},
      {Limits::min(), TimeOutcome::kInfinity, {}},
  };
  for (const auto& c : cases) {
    int32_t days = 0;
    EXPECT_EQ(DecodeDate(AsBytes(BigEndian(c.raw)), &days), c.outcome) << c.raw;
    if (c.outcome == TimeOutcome::kOk) {
      EXPECT_EQ(CivilFromDays(days), c.date) << c.raw;
    }
  }
  int32_t days = 0;
  EXPECT_EQ(DecodeDate(AsBytes("abc"), &days), TimeOutcome::kMalformed);
}

TEST(PostgresTimeTest, DecodesTimestamps) {
  using Limits = std::numeric_limits<int64_t>;
  int64_t micros = 0;
  EXPECT_EQ(DecodeTimestamp(AsBytes(BigEndian(int64_t{0})), &micros), TimeOutcome::kOk);
  EXPECT_EQ(micros, 946'684'800'000'000);
  EXPECT_EQ(DecodeTimestamp(AsBytes(BigEndian(Limits::max())), &micros),
            TimeOutcome::kInfinity);
  EXPECT_EQ(DecodeTimestamp(AsBytes(BigEndian(Limits::min())), &micros),
            TimeOutcome::kInfinity);
  EXPECT_EQ(DecodeTimestamp(AsBytes(BigEndian(Limits::max() - 1)), &micros),
            TimeOutcome::kOutOfRange);
  EXPECT_EQ(DecodeTimestamp(AsBytes(BigEndian(Limits::min() + 1)), &micros),
            TimeOutcome::kOutOfRange);
  EXPECT_EQ(DecodeTimestamp(AsBytes("1234567"), &micros), TimeOutcome::kMalformed);
}

TEST(PostgresTimeTest, FloorsToTheDay) {
  EXPECT_EQ(DaysFromMicros(0), 0);
  EXPECT_EQ(DaysFromMicros(-1), -1);
  EXPECT_EQ(DaysFromMicros(86'399'999'999), 0);
  EXPECT_EQ(DaysFromMicros(86'400'000'000), 1);
  EXPECT_EQ(DaysFromMicros(-86'400'000'000), -1);
}

}  // namespace
}  // namespace shoestring
