#include "api/claims.h"

#include <gtest/gtest.h>

namespace shoestring {
namespace {

TEST(Claims, AreFoundByTheirNamesAndPaths) {
  const std::string claims =
      R"({"sub":"u1","n":12345678901234567890,"app":{"team":"a","roles":["x"]},)"
      R"("https://a.example/team":"b","none":null})";
  EXPECT_EQ(ClaimText(claims, "sub"), "u1");
  EXPECT_EQ(ClaimText(claims, "n"), "12345678901234567890");
  EXPECT_EQ(ClaimText(claims, "app.team"), "a");
  EXPECT_EQ(ClaimText(claims, "app.roles"), R"(["x"])");
  EXPECT_EQ(ClaimText(claims, "https://a.example/team"), "b");
  EXPECT_EQ(ClaimText(claims, "none"), std::nullopt);
  EXPECT_EQ(ClaimText(claims, "sub.x"), std::nullopt);
  EXPECT_EQ(ClaimText(claims, "app.nobody"), std::nullopt);
}

TEST(Claims, BracesOfAPredicateAreClear) {
  for (const char* predicate :
       {"a=eq.{sub}", "a=eq.x{sub}", "or=(a.eq.{sub},b.eq.{app_metadata.team})", "a=eq.1",
        "tags=cs.{1,2}", "tags=cs.{}", "tags=cs.{7}", R"(tags=cs.{"a b"})",
        "tags=cs.{a,b c}", R"(doc=cs.{"owner":{"id":1}})", "grid=eq.{{1,2},{3,4}}"}) {
    EXPECT_TRUE(BracesAreClear(predicate)) << predicate;
  }
  for (const char* predicate :
       {"a=neq.{ sub }", "a=neq.{app_metadata->team}", "a=neq.{sub", "a=neq.sub}",
        "a=not.in.({sub },x)", R"(doc=not.cs.{"owner":"{sub}"})", "tags=cs.{a b}",
        "a=neq.}{sub}{"}) {
    EXPECT_FALSE(BracesAreClear(predicate)) << predicate;
  }
}

}  // namespace
}  // namespace shoestring
