#include "api/raw_json.h"

#include <gtest/gtest.h>

#include "api/api_error.h"

namespace shoestring {
namespace {

constexpr std::string_view kJson =
    R"({"a" : [1.50, {"b":"x\"y"}], "n":null, "a\u0062":2})";

TEST(RawJson, IsLookedInto) {
  EXPECT_EQ(JsonAt(kJson, JsonStep("a")), R"([1.50, {"b":"x\"y"}])");
  EXPECT_EQ(JsonAt(*JsonAt(kJson, JsonStep("a")), JsonStep(int64_t{0})), "1.50");
  EXPECT_EQ(JsonAt(*JsonAt(kJson, JsonStep("a")), JsonStep(int64_t{-1})),
            R"({"b":"x\"y"})");
  EXPECT_EQ(JsonAt(kJson, JsonStep("ab")), "2");
  EXPECT_EQ(JsonAt(kJson, JsonStep("c")), std::nullopt);
  EXPECT_EQ(JsonAt(kJson, JsonStep(int64_t{0})), std::nullopt);
}

TEST(RawJson, AsText) {
  EXPECT_EQ(JsonAsText(R"("x\"y\u00e9")"), "x\"yé");
  EXPECT_EQ(JsonAsText(" null "), std::nullopt);
  EXPECT_EQ(JsonAsText("[1, 2]"), "[1, 2]");
}

TEST(RawJson, AsJsonbPrintsIt) {
  EXPECT_EQ(NormalizedJson(R"({"bb":1,"a":[ 1,2.50 ],"bb":1e2})"),
            R"({"a": [1, 2.50], "bb": 100})");
  EXPECT_EQ(NormalizedJson("-0"), "0");
  EXPECT_EQ(NormalizedJson("1.5e-2"), "0.015");
  EXPECT_EQ(NormalizedJson("12.5e3"), "12500");
  EXPECT_EQ(MinifiedJson(R"({ "a" : [ 1 , "\u0041" ] })"), R"({"a":[1,"A"]})");
}

TEST(RawJson, WithoutItsNulls) {
  EXPECT_EQ(WithoutNulls(R"({"a":null,"b":[null,{"c":null}],"d":"null"})"),
            R"({"b":[null,{}],"d":"null"})");
}

TEST(RawJson, WhatIsNoneIsRefused) {
  for (const char* wrong : {"", "{", "{a:1}", "[1,]", "nul", "1 2"}) {
    EXPECT_THROW(CheckJson(wrong), ApiError) << wrong;
  }
  EXPECT_NO_THROW(CheckJson(kJson));
}

TEST(RawJson, NothingBeyondTheTextIsRead) {
  for (const char* broken :
       {"{", "{\"", "{\"a", "{\"a\":", "[", "[1,", "\"\\", "[\"\\\"", "{\"a\":}"}) {
    (void)JsonAt(broken, JsonStep("a"));
    (void)JsonAt(broken, JsonStep(int64_t{0}));
    (void)NormalizedJson(broken);
  }
}

}  // namespace
}  // namespace shoestring
