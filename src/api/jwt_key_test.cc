#include "api/jwt_key.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/test_tokens.h"
#include "base/error.h"

namespace shoestring {
namespace {

using testing::HasSubstr;

std::string Refusal(const std::string& json) {
  try {
    ParseJwks(json, "keys.json");
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kInvalidArgument);
    return error.what();
  }
  return "";
}

TEST(JwtKey, ASetGivesTheKeysThatAreOfUse) {
  const auto keys = ParseJwks(TestJwks(), "test");
  ASSERT_EQ(keys.size(), 2);
  EXPECT_EQ(keys[0].algorithm(), JwtAlgorithm::kRs256);
  EXPECT_EQ(keys[0].id(), "r");
  EXPECT_EQ(keys[1].algorithm(), JwtAlgorithm::kEs256);
}

TEST(JwtKey, ASingleKeyIsTakenToo) {
  const auto keys = ParseJwks(
      R"({"kty":"oct","k":"YSBzZWNyZXQgb2YgYXQgbGVhc3QgdGhpcnR5LXR3byBieXRlcw"})", "one");
  ASSERT_EQ(keys.size(), 1);
  EXPECT_EQ(keys[0].algorithm(), JwtAlgorithm::kHs256);
  EXPECT_TRUE(keys[0].Verifies("text", HmacSha256(kTestSecret, "text")));
  EXPECT_FALSE(keys[0].Verifies("text", HmacSha256(kTestSecret, "texts")));
  EXPECT_FALSE(keys[0].Verifies("text", ""));
}

TEST(JwtKey, KeysThatAreWeakOrForSomethingElseAreNone) {
  const auto rsa = [](std::string_view modulus, std::string_view more) {
    return fmt::format(R"({{"kty":"RSA","n":"{}","e":"AQAB"{}}})", modulus, more);
  };
  const auto point = [](std::string_view x, std::string_view curve) {
    return fmt::format(R"({{"kty":"EC","crv":"{}","x":"{}","y":"{}"}})", curve, x,
                       kTestY);
  };
  EXPECT_EQ(Refusal(rsa(kTestModulus, "")), "");
  EXPECT_EQ(Refusal(point(kTestX, "P-256")), "");
  for (const std::string& json :
       {rsa(kSmallModulus, ""), rsa(kTestModulus, R"(,"use":"enc")"),
        rsa(kTestModulus, R"(,"alg":"RSA-OAEP")"), rsa("AQAB", ""), rsa("!", ""),
        point(kTestY, "P-256"), point(kTestX, "P-384"), point("AA", "P-256"),
        std::string(R"({"kty":"OKP","crv":"Ed25519","x":"AA"})"), std::string("{}"),
        std::string(R"({"keys":[]})")}) {
    EXPECT_THAT(Refusal(json), HasSubstr("No key for RS256")) << json;
  }
}

TEST(JwtKey, WhatIsNoSetIsRefusedByItsName) {
  for (const char* json : {"", "[]", R"({"keys":1})", R"({"keys":[1]})", R"({"kty":1})",
                           R"({"kty":"oct","k":"c2hvcnQ"})"}) {
    EXPECT_NE(Refusal(json), "") << json;
  }
  EXPECT_THAT(Refusal("{"), HasSubstr("keys.json"));
  EXPECT_THROW(JwtKey::FromSecret("short"), Error);
}

}  // namespace
}  // namespace shoestring
