#include "api/function.h"

#include <gmock/gmock.h>

#include "api/api_error.h"
#include "base/error.h"

namespace shoestring {
namespace {

using testing::ElementsAre;
using testing::Pair;

constexpr const char* kText =
    "-- Finds something.\n"
    "-- :id bigint\n"
    "-- :words text[] = {a,b}\n"
    "-- :owner uuid = {app.owner}\n"
    "-- roles: anon, reader\n"
    "SELECT ':id', \":id\", a::text -- :id\n"
    "FROM t /* :id */ WHERE id = :id AND w = :words AND o = :owner;\n";

TEST(Function, IsReadFromItsFile) {
  const Function function = ParseFunction("find", kText);
  EXPECT_EQ(function.comment, "Finds something.");
  EXPECT_THAT(function.roles, ElementsAre("anon", "reader"));
  ASSERT_EQ(function.parameters.size(), 3);
  EXPECT_EQ(function.parameters[1].otherwise, "{a,b}");
  EXPECT_EQ(function.parameters[2].claim, "app.owner");
  EXPECT_THAT(function.pieces, ElementsAre(Pair("SELECT ':id', \":id\", a::text -- :id\n"
                                                "FROM t /* :id */ WHERE id = ",
                                                0),
                                           Pair(" AND w = ", 1), Pair(" AND o = ", 2),
                                           Pair("", std::nullopt)));
}

TEST(Function, WhatIsNotDeclaredOrHasNoTypeIsRefused) {
  EXPECT_THROW(ParseFunction("f", "SELECT :id"), Error);
  EXPECT_THROW(ParseFunction("f", "-- :id\nSELECT :id"), Error);
  EXPECT_THROW(ParseFunction("f", "-- :id nothing\nSELECT :id"), Error);
}

TEST(Function, TakesItsArgumentsAndNoOthers) {
  const Function function = ParseFunction("find", kText);
  Access access;
  access.claims = R"({"app":{"owner":"a02fb934-3a4d-469b-a6b6-4fcd88b973cf"}})";
  EXPECT_EQ(CallFunction(function, {{"id", "7"}}, access).raw.size(), 4);
  EXPECT_THROW(CallFunction(function, {}, access), ApiError);
  EXPECT_THROW(CallFunction(function, {{"id", "7"}, {"owner", "x"}}, access), ApiError);
  EXPECT_THROW(CallFunction(function, {{"id", "7"}, {"more", "x"}}, access), ApiError);
  EXPECT_THROW(CallFunction(function, {{"id", "seven"}}, access), ApiError);
}

TEST(Function, OfOursIsForThoseWhoSeeItsTableWhole) {
  Function function;
  function.reads = "holdings";
  Access access;
  EXPECT_FALSE(function.MayCall(access));
  access.tables["holdings"] = {};
  EXPECT_TRUE(function.MayCall(access));
  access.tables["holdings"].rows = "id=eq.1";
  EXPECT_FALSE(function.MayCall(access));
  access.tables["holdings"] = {.columns = {{"id"}}};
  EXPECT_FALSE(function.MayCall(access));
  access.tables.clear();
  access.all_tables = true;
  EXPECT_TRUE(function.MayCall(access));
}

TEST(Function, JsonIsTakenApart) {
  EXPECT_THAT(
      ArgumentsOfJson(R"({"a":1.50,"b":"x","c":["y z",null],"d":null,"e":{"f":true}})"),
      ElementsAre(Pair("a", "1.50"), Pair("b", "x"), Pair("c", "{\"y z\",NULL}"),
                  Pair("d", std::nullopt), Pair("e", "{\"f\":true}")));
  EXPECT_TRUE(ArgumentsOfJson("").empty());
  EXPECT_THROW(ArgumentsOfJson("[1]"), ApiError);
  EXPECT_THROW(ArgumentsOfJson("{"), ApiError);
}

TEST(Function, IsCalledByThoseWhoMay) {
  const Function named = ParseFunction("f", "-- roles: reader\nSELECT 1");
  const Function unnamed = ParseFunction("f", "SELECT 1");
  Access reader;
  reader.role = "reader";
  EXPECT_TRUE(named.MayCall(reader));
  EXPECT_FALSE(unnamed.MayCall(reader));
  reader.all_tables = true;
  EXPECT_TRUE(unnamed.MayCall(reader));
  reader.tables["t"] = {};
  EXPECT_FALSE(unnamed.MayCall(reader));
  Access service;
  service.service = true;
  EXPECT_TRUE(named.MayCall(service));
}

}  // namespace
}  // namespace shoestring
