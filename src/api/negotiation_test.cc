#include "api/negotiation.h"

#include <gtest/gtest.h>

#include "api/api_error.h"

namespace shoestring {
namespace {

ApiRequest With(const char* name, const char* value) {
  return {"GET", "/t", "", {{name, value}}, ""};
}

TEST(Negotiation, TheFirstTypeThatThereIs) {
  const auto type = [](const char* accept) {
    return NegotiateMediaType(With("accept", accept), false);
  };
  EXPECT_EQ(type("text/unknown, */*"), MediaType::kJson);
  EXPECT_EQ(type("application/json;q=0.1, text/csv"), MediaType::kCsv);
  EXPECT_EQ(type("text/csv; version=1"), MediaType::kCsv);
  EXPECT_EQ(type("application/vnd.pgrst.object"), MediaType::kObject);
  EXPECT_EQ(type("application/vnd.pgrst.array+json;nulls=stripped"),
            MediaType::kJsonStripped);
  EXPECT_EQ(type("application/vnd.pgrst.array+json"), MediaType::kJson);
  EXPECT_EQ(type(""), MediaType::kJson);
  EXPECT_THROW(type("image/png"), ApiError);
  EXPECT_EQ(NegotiateMediaType(With("accept", "application/json"), true),
            MediaType::kOpenApi);
}

TEST(Negotiation, PreferencesAreToldAndStrangeOnesRefusedWhenStrict) {
  EXPECT_EQ(ParsePreferences(With("prefer", "count=exact,handling=strict")).Applied(),
            "count=exact, handling=strict");
  EXPECT_THROW(ParsePreferences(With("prefer", "handling=strict, what")).Check(),
               ApiError);
  EXPECT_NO_THROW(ParsePreferences(With("prefer", "what")).Check());
}

TEST(Negotiation, ATimeZoneIsAppliedWhenThereIsOne) {
  EXPECT_EQ(ParsePreferences(With("prefer", "timezone=Asia/Kathmandu")).Applied(),
            "timezone=Asia/Kathmandu");
  const Preferences none = ParsePreferences(With("prefer", "timezone=Jupiter/Red_Spot"));
  EXPECT_EQ(none.Applied(), "");
  EXPECT_NO_THROW(none.Check());
  const char* strict = "handling=strict, timezone=../../etc/passwd";
  EXPECT_THROW(ParsePreferences(With("prefer", strict)).Check(), ApiError);
}

TEST(Negotiation, RangesMeet) {
  const auto range = [](const char* header, std::optional<int64_t> limit,
                        std::optional<int64_t> offset) {
    const TopRange top = RequestedRange(With("range", header), limit, offset);
    return fmt::format("{}+{}", top.offset, top.limit ? std::to_string(*top.limit) : "*");
  };
  EXPECT_EQ(range("0-1", 3, {}), "0+2");
  EXPECT_EQ(range("2-", {}, {}), "2+*");
  EXPECT_EQ(range("1-9", 5, 2), "2+5");
  EXPECT_EQ(range("bytes=0-5", {}, -4), "0+*");
  EXPECT_EQ(range("0-9223372036854775807", {}, {}), "0+*");
  EXPECT_THROW(range("1-0", {}, {}), ApiError);
  EXPECT_THROW(range("", -1, {}), ApiError);
}

TEST(Negotiation, ContentRanges) {
  EXPECT_EQ(DescribeRange(0, 15, {}).header, "0-14/*");
  EXPECT_EQ(DescribeRange(0, 0, {}).header, "*/*");
  EXPECT_EQ(DescribeRange(0, 0, 0).header, "*/0");
  EXPECT_EQ(DescribeRange(2, 3, 9).status, 206);
  EXPECT_EQ(DescribeRange(0, 9, 9).status, 200);
  EXPECT_EQ(DescribeRange(10, 0, 9).status, 416);
}

}  // namespace
}  // namespace shoestring
