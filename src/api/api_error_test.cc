#include "api/api_error.h"

#include <gtest/gtest.h>

namespace shoestring {
namespace {

TEST(ApiError, HasAllFourFields) {
  EXPECT_EQ(ApiError(400, "PGRST100", "no").ToJson(),
            R"({"code":"PGRST100","details":null,"hint":null,"message":"no"})");
  EXPECT_EQ(ApiError(400, "X", "a").WithDetailsJson("[1]").WithHint("\"").ToJson(),
            R"({"code":"X","details":[1],"hint":"\"","message":"a"})");
}

TEST(ApiError, IsUtf8WhateverItQuotes) {
  const std::string message("\xff z\0 \xc3\xa9 \xc0\x80 \xed\xa0\x80", 14);
  EXPECT_EQ(ApiError(400, "X", message).WithDetails("cut \xf0\x9f\x98").ToJson(),
            R"({"code":"X","details":"cut ���","hint":null,)"
            R"("message":"� z\u0000 é �� ���"})");
}

}  // namespace
}  // namespace shoestring
