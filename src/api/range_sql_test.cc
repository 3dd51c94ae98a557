#include "api/range_sql.h"

#include <gtest/gtest.h>

#include "api/api_error.h"

namespace shoestring {
namespace {

std::string Written(const char* text, const char* type) {
  PostgresType range = PlainType(PostgresType::Kind::kRange);
  range.name = type;
  return FormatRange(ParseRangeText(text, range));
}

TEST(RangeSql, RangesAreWrittenAsPostgresDoes) {
  EXPECT_EQ(Written("(1,3]", "int4range"), "[2,4)");
  EXPECT_EQ(Written("[1,3]", "numrange"), "[1,3]");
  EXPECT_EQ(Written("[,3]", "numrange"), "(,3]");
  EXPECT_EQ(Written(" empty ", "numrange"), "empty");
  EXPECT_EQ(Written("(1,2)", "int4range"), "empty");
  EXPECT_EQ(Written("[2.5,2.50)", "numrange"), "empty");
  EXPECT_EQ(Written("[10,10]", "numrange"), "[10,10]");
  EXPECT_EQ(Written("[2024-02-28,2024-02-29]", "daterange"), "[2024-02-28,2024-03-01)");
  EXPECT_EQ(Written("[\"2024-01-01 10:00\",)", "tsrange"), "[\"2024-01-01 10:00:00\",)");
}

TEST(RangeSql, WhatIsNoneIsRefused) {
  for (const char* wrong : {"", "1,2", "[1 2]", "[1,2", "[a,b]", "[10,9]"}) {
    EXPECT_THROW(Written(wrong, "int4range"), ApiError) << wrong;
  }
}

}  // namespace
}  // namespace shoestring
