#include "base/jsonb.h"

#include <gtest/gtest.h>

#include <string>

#include "base/error.h"

namespace shoestring {

namespace {

bool Contains(std::string_view left, std::string_view right) {
  return Jsonb(left).Contains(Jsonb(right));
}

bool Equal(std::string_view left, std::string_view right) {
  return Jsonb(left) == Jsonb(right);
}

std::string Nested(size_t depth) {
  return std::string(depth, '[') + std::string(depth, ']');
}

TEST(Jsonb, ObjectsContainMembersFromTheRoot) {
  EXPECT_TRUE(Contains(R"({"owner": "me", "z": 1})", R"({"owner": "me"})"));
  EXPECT_TRUE(Contains(R"({"a": {"b": 1, "c": 2}})", R"({"a": {"c": 2}})"));
  EXPECT_TRUE(Contains(R"({"a": {"b": 1}})", R"({"a": {}})"));
  EXPECT_TRUE(Contains(R"({"a": 1})", "{}"));
  EXPECT_FALSE(Contains(R"({"x": {"owner": "me"}})", R"({"owner": "me"})"));
  EXPECT_FALSE(Contains(R"([{"owner": "me"}])", R"({"owner": "me"})"));
  EXPECT_FALSE(Contains(R"({"a": 1})", R"({"a": null})"));
  EXPECT_FALSE(Contains("[]", "{}"));
  EXPECT_FALSE(Contains("{}", "[]"));
}

TEST(Jsonb, ArraysContainElementsInAnyOrder) {
  EXPECT_TRUE(Contains("[1, 2, 3]", "[3, 1, 1]"));
  EXPECT_TRUE(Contains("[1]", "[]"));
  EXPECT_TRUE(Contains(R"([1, {"a": 1, "b": 2}])", R"([{"b": 2}])"));
  EXPECT_TRUE(Contains("[[1, 2], [3]]", "[[2]]"));
  EXPECT_FALSE(Contains("[[1], [2]]", "[[1, 2]]"));
  EXPECT_FALSE(Contains("[[1]]", "[1]"));
  EXPECT_FALSE(Contains(R"({"a": [1, 2, 3]})", "[1]"));
}

TEST(Jsonb, OnlyAtTheRootAnArrayContainsAScalar) {
  EXPECT_TRUE(Contains(R"(["me", 1])", R"("me")"));
  EXPECT_TRUE(Contains("[null]", "null"));
  EXPECT_FALSE(Contains("[[1]]", "1"));
  EXPECT_FALSE(Contains("1", "[1]"));
  EXPECT_FALSE(Contains(R"({"a": ["me"]})", R"({"a": "me"})"));
  EXPECT_FALSE(Contains(R"({"a": "me"})", R"("me")"));
}

TEST(Jsonb, ScalarsAreWhatTheyMean) {
  EXPECT_TRUE(Contains("true", "true"));
  EXPECT_TRUE(Contains(R"("\u0041\/")", R"("A/")"));
  EXPECT_TRUE(Equal(R"({"\u0061": null})", R"({"a": null})"));
  EXPECT_FALSE(Contains(R"("1")", "1"));
  EXPECT_FALSE(Contains("false", "null"));
  EXPECT_FALSE(Contains("0", "false"));
}

TEST(Jsonb, NumbersAreEqualByValue) {
  for (const char* one : {"1", "1.0", "1e0", "10e-1", "0.1E+1", "100.00e-2"}) {
    EXPECT_TRUE(Equal(one, "1.00")) << one;
    EXPECT_FALSE(Equal(one, "-1")) << one;
    EXPECT_FALSE(Equal(one, "10")) << one;
  }
  EXPECT_TRUE(Equal("-0.0", "0"));
  EXPECT_TRUE(Equal("0e7", "0"));
  EXPECT_TRUE(Equal("12345678901234567890123.0", "12345678901234567890123"));
  EXPECT_FALSE(Equal("12345678901234567890123", "12345678901234567890124"));
  EXPECT_FALSE(Equal("0.10000000000000000001", "0.1"));
  EXPECT_TRUE(Contains(R"({"a": [1.0, 2]})", R"({"a": [1]})"));
}

TEST(Jsonb, EqualityIsOfWholeDocuments) {
  EXPECT_TRUE(Equal(R"({"a":1,"b":[2]})", R"({ "b": [2.0], "a": 1.0 })"));
  EXPECT_FALSE(Equal(R"({"a": 1, "b": 2})", R"({"a": 1})"));
  EXPECT_FALSE(Equal("[1, 2]", "[2, 1]"));
  EXPECT_FALSE(Equal("[1]", "[1, 1]"));
}

TEST(Jsonb, RefusesWhatIsNoDocument) {
  for (const char* text : {"", "{", "[1,]", "nope", "1 2", "\"\xff\"", "1e99999999999"}) {
    EXPECT_THROW(Jsonb{text}, Error) << text;
  }
}

TEST(Jsonb, DepthIsBounded) {
  EXPECT_TRUE(Equal(Nested(Jsonb::kMaxDepth), Nested(Jsonb::kMaxDepth)));
  EXPECT_TRUE(Contains(Nested(Jsonb::kMaxDepth), Nested(Jsonb::kMaxDepth)));
  EXPECT_THROW(Jsonb(Nested(Jsonb::kMaxDepth + 1)), Error);
}

}  // namespace

}  // namespace shoestring
