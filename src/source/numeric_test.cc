#include "source/numeric.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace shoestring {
namespace {

constexpr uint16_t kPositive = 0x0000;
constexpr uint16_t kNegative = 0x4000;

std::string Send(uint16_t sign, int16_t weight, const std::vector<int16_t>& groups,
                 int16_t scale = 0) {
  std::string bytes;
  AppendBigEndian(&bytes, static_cast<int16_t>(groups.size()));
  AppendBigEndian(&bytes, weight);
  AppendBigEndian(&bytes, sign);
  AppendBigEndian(&bytes, scale);
  for (const int16_t group : groups) AppendBigEndian(&bytes, group);
  return bytes;
}

struct Case {
  const char* value;
  std::string bytes;
  int precision;
  int scale;
  NumericOutcome outcome;
  int64_t unscaled;
};

TEST(NumericTest, DecodesWhatPostgresSends) {
  using enum NumericOutcome;
  const std::vector<Case> cases = {
      {"0", Send(kPositive, 0, {}), 5, 2, kOk, 0},
      {"1", Send(kPositive, 0, {1}), 5, 2, kOk, 100},
      {"-1", Send(kNegative, 0, {1}), 5, 2, kOk, -100},
      {"0.01", Send(kPositive, -1, {100}, 2), 5, 2, kOk, 1},
      {"0.001 does not fit two places", Send(kPositive, -1, {10}, 3), 5, 2, kOutOfRange,
       0},
      {"123.45", Send(kPositive, 0, {123, 4500}, 2), 5, 2, kOk, 12345},
      {"999.99", Send(kPositive, 0, {999, 9900}, 2), 5, 2, kOk, 99999},
      {"1000 is too wide", Send(kPositive, 0, {1000}), 5, 2, kOutOfRange, 0},
      {"10000", Send(kPositive, 1, {1}), 5, 0, kOk, 10000},
      {"12345678.9", Send(kPositive, 1, {1234, 5678, 9000}, 1), 18, 4, kOk, 123456789000},
      {"1e-8", Send(kPositive, -2, {1}, 8), 10, 8, kOk, 1},
      {"trailing zero groups", Send(kPositive, 0, {1, 0, 0}, 8), 5, 2, kOk, 100},
      {"NaN", Send(0xC000, 0, {}), 5, 2, kNotANumber, 0},
      {"Infinity", Send(0xD000, 0, {}), 5, 2, kInfinity, 0},
      {"-Infinity", Send(0xF000, 0, {}), 5, 2, kInfinity, 0},
      {"no such sign", Send(0x1234, 0, {}), 5, 2, kMalformed, 0},
      {"a group of 10000", Send(kPositive, 0, {10000}), 9, 2, kMalformed, 0},
      {"a negative group", Send(kPositive, 0, {-1}), 9, 2, kMalformed, 0},
      {"a huge weight", Send(kPositive, 32767, {1}), 38, 0, kOutOfRange, 0},
      {"too short", "abc", 5, 2, kMalformed, 0},
      {"groups missing", Send(kPositive, 0, {1, 2}).substr(0, 10), 5, 2, kMalformed, 0},
      {"bytes left over", Send(kPositive, 0, {1}) + "x", 5, 2, kMalformed, 0},
  };
  for (const Case& c : cases) {
    Int128 value = 0;
    EXPECT_EQ(DecodeNumeric(AsBytes(c.bytes), c.precision, c.scale, &value), c.outcome)
        << c.value;
    if (c.outcome == NumericOutcome::kOk) {
      EXPECT_EQ(static_cast<int64_t>(value), c.unscaled) << c.value;
    }
  }
}

TEST(NumericTest, Holds38Digits) {
  // 99999999999999999999999999999999999999: two nines, then nine groups of 9999.
  std::vector<int16_t> groups(10, 9999);
  groups[0] = 99;
  Int128 value = 0;
  ASSERT_EQ(DecodeNumeric(AsBytes(Send(kPositive, 9, groups)), 38, 0, &value),
            NumericOutcome::kOk);
  Int128 expected = 0;
  for (int i = 0; i < 38; ++i) expected = expected * 10 + 9;
  EXPECT_TRUE(value == expected);
  groups[0] = 100;
  EXPECT_EQ(DecodeNumeric(AsBytes(Send(kPositive, 9, groups)), 38, 0, &value),
            NumericOutcome::kOutOfRange);
}

TEST(NumericTest, PrintsWhatPostgresPrints) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"0", Send(kPositive, 0, {})},
      {"0.00", Send(kPositive, 0, {}, 2)},
      {"-1", Send(kNegative, 0, {1})},
      {"0.01", Send(kPositive, -1, {100}, 2)},
      {"0.00000001", Send(kPositive, -2, {1}, 8)},
      {"123.4500", Send(kPositive, 0, {123, 4500}, 4)},
      {"-12345678.9", Send(kNegative, 1, {1234, 5678, 9000}, 1)},
      {"100000000", Send(kPositive, 2, {1})},
      {"10000.5", Send(kPositive, 1, {1, 0, 5000}, 1)},
      {"NaN", Send(0xC000, 0, {})},
      {"Infinity", Send(0xD000, 0, {})},
      {"-Infinity", Send(0xF000, 0, {})}};
  for (const auto& [text, bytes] : cases) {
    EXPECT_EQ(NumericText(AsBytes(bytes)), text);
  }
  EXPECT_EQ(NumericText(AsBytes("short")), std::nullopt);
  EXPECT_EQ(NumericText(AsBytes(Send(0x1234, 0, {}))), std::nullopt);
  EXPECT_EQ(NumericText(AsBytes(Send(kPositive, 0, {1}) + "x")), std::nullopt);
}

TEST(NumericTest, ReadsTypmods) {
  const NumericSize plain = NumericSizeOfTypmod(((18 << 16) | 2) + 4);
  EXPECT_EQ(plain.precision, 18);
  EXPECT_EQ(plain.scale, 2);
  const NumericSize negative = NumericSizeOfTypmod(((5 << 16) | (-2 & 0x7FF)) + 4);
  EXPECT_EQ(negative.precision, 5);
  EXPECT_EQ(negative.scale, -2);
}

}  // namespace
}  // namespace shoestring
