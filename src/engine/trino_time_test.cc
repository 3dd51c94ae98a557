#include "engine/trino_time.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

namespace shoestring {
namespace {

TEST(TrinoTime, Dates) {
  EXPECT_EQ(ParseTrinoDate("1970-01-01"), 0);
  EXPECT_EQ(ParseTrinoDate("2024-02-29"), 19782);
  EXPECT_EQ(ParseTrinoDate("1969-12-31"), -1);
  EXPECT_EQ(ParseTrinoDate("0001-01-01"), -719162);
  EXPECT_EQ(ParseTrinoDate("-0044-03-15"), -735525);
  EXPECT_EQ(ParseTrinoDate("+12024-01-01"), 3672148);
  for (const char* text :
       {"", "2024", "2023-02-29", "2024-13-01", "2024-00-01", "24-01-01", "2024-01-01 ",
        "2024-1-1", "999999999-01-01", "x2024-01-01"}) {
    EXPECT_EQ(ParseTrinoDate(text), std::nullopt) << text;
  }
}

TEST(TrinoTime, TimesOfDay) {
  EXPECT_EQ(ParseTrinoTime("00:00:00", false), 0);
  EXPECT_EQ(ParseTrinoTime("12:34:56.789", false), 45296789000);
  EXPECT_EQ(ParseTrinoTime("23:59:59.999999999", true), 86399999999999);
  EXPECT_EQ(ParseTrinoTime("23:59:59.999999999", false), 86399999999);
  for (const char* text : {"", "24:00:00", "1:00:00", "12:60:00", "12:00:00.", "12:00",
                           "12:00:00.1234567890"}) {
    EXPECT_EQ(ParseTrinoTime(text, false), std::nullopt) << text;
  }
}

int64_t Micros(std::string_view text) {
  const TrinoTimestamp parsed = ParseTrinoTimestamp(text, false);
  EXPECT_EQ(parsed.outcome, TrinoTimestamp::kOk) << text;
  return parsed.value;
}

TEST(TrinoTime, Timestamps) {
  EXPECT_EQ(Micros("1970-01-01 00:00:00"), 0);
  EXPECT_EQ(Micros("1969-12-31 23:59:59.999999"), -1);
  EXPECT_EQ(Micros("2024-02-29 12:34:56.789"), 1709210096789000);
  EXPECT_EQ(Micros("2024-02-29 12:34:56.789 UTC"), 1709210096789000);
  EXPECT_EQ(Micros("2024-02-29 14:34:56.789 +02:00"), 1709210096789000);
  EXPECT_EQ(Micros("2024-02-29 07:04:56.789 -05:30"), 1709210096789000);
  EXPECT_TRUE(ParseTrinoTimestamp("2024-02-29 12:34:56 UTC", false).has_zone);
  EXPECT_FALSE(ParseTrinoTimestamp("2024-02-29 12:34:56", false).has_zone);
}

TEST(TrinoTime, TimestampsThatCannotBeTold) {
  const auto outcome = [](std::string_view text, bool nanos) {
    return ParseTrinoTimestamp(text, nanos).outcome;
  };
  EXPECT_EQ(outcome("2024-01-01 00:00:00 Europe/Berlin", false),
            TrinoTimestamp::kNamedZone);
  EXPECT_EQ(outcome("9999-01-01 00:00:00", true), TrinoTimestamp::kOutOfRange);
  EXPECT_EQ(outcome("9999-01-01 00:00:00", false), TrinoTimestamp::kOk);
  for (const char* text :
       {"", "2024-01-01", "2024-01-01T00:00:00", "2024-01-01 00:00:00x"}) {
    EXPECT_EQ(outcome(text, false), TrinoTimestamp::kMalformed) << text;
  }
}

TEST(TrinoTime, Intervals) {
  const auto months = ParseTrinoInterval("-2-11");
  ASSERT_TRUE(months);
  EXPECT_EQ(months->months, -35);
  const auto days = ParseTrinoInterval("-3 04:05:06.789");
  ASSERT_TRUE(days);
  EXPECT_EQ(days->days, -3);
  EXPECT_EQ(days->nanos, -14706789000000);
  for (const char* text : {"", "1", "1-12", "1 24:00:00", "--1-1", "99999999999-0"}) {
    EXPECT_FALSE(ParseTrinoInterval(text)) << text;
  }
}

}  // namespace
}  // namespace shoestring
