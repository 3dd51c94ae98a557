#include "base/json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace shoestring {
namespace {

TEST(Json, NumbersKeepTheirDigits) {
  const auto value = ParseJsonNumbersAsText(
      R"({"a": [1, -0, 12345678901234567890123, 1.50, 1.0E20, -2e-5], "b": "1",
          "c": [true, null, {"d\n\u00e9": "x\"y"}], "e": 18446744073709551615})",
      "test");
  const JsonView view(value, "test");
  std::vector<std::string> numbers;
  for (const JsonView& item : view["a"].Items()) numbers.emplace_back(item.Text());
  EXPECT_THAT(numbers, testing::ElementsAre("1", "-0", "12345678901234567890123", "1.50",
                                            "1.0E20", "-2e-5"));
  EXPECT_EQ(view["b"].Text(), "1");
  EXPECT_EQ(view["e"].Text(), "18446744073709551615");
  EXPECT_TRUE(view["c"].Items()[0].Boolean());
  EXPECT_TRUE(view["c"].Items()[1].value().is_null());
  EXPECT_EQ(view["c"].Items()[2]["d\né"].Text(), "x\"y");
}

TEST(Json, WhatIsNoneIsCorrupt) {
  for (const char* text : {"", "{", "[1,]", "[1] 2", "01", "nul", "\"a", "1."}) {
    EXPECT_THROW(ParseJsonNumbersAsText(text, "test"), Error) << text;
    EXPECT_THROW(ParseJson(text, "test"), Error) << text;
  }
}

}  // namespace
}  // namespace shoestring
