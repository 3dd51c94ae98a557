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

}  // namespace
}  // namespace shoestring
