#include "api/jwt.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/api_error.h"
#include "api/base64url.h"
#include "api/test_tokens.h"

namespace shoestring {
namespace {

using std::chrono::seconds;
using testing::HasSubstr;

constexpr seconds kNow{1'700'000'000};

std::vector<JwtKey> AllKeys() {
  auto keys = ParseJwks(TestJwks(), "test");
  keys.push_back(JwtKey::FromSecret(std::string(kTestSecret)));
  return keys;
}

/// "PGRST301 message", or the claims.
std::string Outcome(std::string_view token, const JwtRules& rules = {},
                    const std::vector<JwtKey>& keys = AllKeys()) {
  try {
    return VerifyJwt(token, keys, rules, kNow);
  } catch (const ApiError& error) {
    EXPECT_EQ(error.status(), 401);
    EXPECT_EQ(error.headers().at(0).first, "WWW-Authenticate");
    return fmt::format("{} {}", error.code(), error.what());
  }
}

TEST(Jwt, EachAlgorithmVerifies) {
  constexpr const char* kClaims =
      R"({"sub":"7","role":"authenticated","exp":2000000000})";
  EXPECT_EQ(Outcome(kRsToken), kClaims);
  EXPECT_EQ(Outcome(kEsToken), kClaims);
  EXPECT_EQ(Outcome(SignToken(kClaims)), kClaims);
}

TEST(Jwt, OneBitIsEnoughToRefuse) {
  constexpr const char* kBad = "PGRST301 No suitable key or wrong key type";
  for (const std::string& token :
       {std::string(kRsToken), std::string(kEsToken), SignToken("{}")}) {
    const size_t payload = token.find('.') + 2;
    for (const size_t at : {payload, token.rfind('.') + 3}) {
      std::string changed = token;
      changed[at] = changed[at] == 'A' ? 'B' : 'A';
      EXPECT_EQ(Outcome(changed), kBad) << changed;
    }
  }
}

TEST(Jwt, TheKeyDecidesOnTheAlgorithmNotTheToken) {
  // The public key's own text as a secret: what a verifier that trusts "alg" would take.
  const std::string forged =
      SignToken("{}", R"({"alg":"HS256","kid":"r"})", std::string(kTestModulus));
  EXPECT_THAT(Outcome(forged), HasSubstr("No suitable key"));
  const auto relabelled = [](std::string_view header) {
    const std::string token = SignToken("{}");
    return ToBase64Url(header) + token.substr(token.find('.'));
  };
  EXPECT_THAT(Outcome(relabelled(R"({"alg":"RS256"})")), HasSubstr("No suitable key"));
  constexpr const char* kUnsupported = "PGRST301 Wrong or unsupported encoding algorithm";
  for (const char* header :
       {R"({"alg":"none"})", R"({"alg":"None"})", R"({"alg":"HS512"})", R"({"alg":1})",
        R"({})", R"({"alg":"hs256"})", R"({"alg":"HS256","crit":["b64"]})"}) {
    EXPECT_EQ(Outcome(relabelled(header)), kUnsupported) << header;
    EXPECT_EQ(Outcome(ToBase64Url(header) + ".e30."), kUnsupported) << header;
  }
}

TEST(Jwt, AKeyIsFoundByItsId) {
  const std::vector<JwtKey> keys = {JwtKey::FromSecret(std::string(kTestSecret), "one")};
  EXPECT_EQ(Outcome(SignToken("{}"), {}, keys), "{}");
  EXPECT_EQ(Outcome(SignToken("{}", R"({"alg":"HS256","kid":"one"})"), {}, keys), "{}");
  EXPECT_THAT(Outcome(SignToken("{}", R"({"alg":"HS256","kid":"two"})"), {}, keys),
              HasSubstr("No suitable key"));
  EXPECT_THAT(Outcome(SignToken("{}"), {}, {}), HasSubstr("No suitable key"));
}

TEST(Jwt, TheFormIsStrict) {
  const std::string token = SignToken("{}");
  EXPECT_EQ(Outcome(""), "PGRST301 Empty JWT is sent in Authorization header");
  EXPECT_EQ(Outcome("a.b"), "PGRST301 Expected 3 parts in JWT; got 2");
  EXPECT_EQ(Outcome(token + "."), "PGRST301 Expected 3 parts in JWT; got 4");
  for (const std::string& wrong : {token + "=", " " + token, token + "\n", token + "A",
                                   std::string(".."), std::string("e30..")}) {
    EXPECT_THAT(Outcome(wrong), HasSubstr("PGRST301")) << wrong;
  }
}

TEST(Jwt, TimesHaveThirtySecondsOfSkew) {
  const auto with = [](const char* claim, const std::string& value) {
    return Outcome(SignToken(fmt::format(R"({{"{}":{}}})", claim, value)));
  };
  EXPECT_EQ(with("exp", "1699999970"), R"({"exp":1699999970})");
  EXPECT_EQ(with("exp", "1699999969"), "PGRST303 JWT expired");
  EXPECT_EQ(with("exp", "-1e300"), "PGRST303 JWT expired");
  EXPECT_EQ(with("nbf", "1700000030"), R"({"nbf":1700000030})");
  EXPECT_EQ(with("nbf", "1700000031"), "PGRST303 JWT not yet valid");
  EXPECT_EQ(with("iat", "1700000030.5"), "PGRST303 JWT issued at future");
  EXPECT_EQ(with("exp", "null"), R"({"exp":null})");
  EXPECT_EQ(with("exp", R"("1700000000")"),
            "PGRST303 The JWT 'exp' claim must be a number");
  EXPECT_EQ(with("nbf", "true"), "PGRST303 The JWT 'nbf' claim must be a number");
  EXPECT_EQ(with("iat", "[]"), "PGRST303 The JWT 'iat' claim must be a number");
}

TEST(Jwt, AnAudienceThatIsSetMustBeNamed) {
  const JwtRules rules{.audience = "lake"};
  for (const char* good : {R"({"aud":"lake"})", R"({"aud":["other","lake"]})"}) {
    EXPECT_EQ(Outcome(SignToken(good), rules), good);
  }
  for (const char* bad :
       {R"({"aud":"other"})", R"({"aud":[]})", R"({"aud":null})", "{}"}) {
    EXPECT_EQ(Outcome(SignToken(bad), rules), "PGRST303 JWT not in audience") << bad;
  }
  for (const char* wrong : {R"({"aud":1})", R"({"aud":["lake",1]})", R"({"aud":{}})"}) {
    EXPECT_THAT(Outcome(SignToken(wrong), rules), HasSubstr("must be a string or an"));
    EXPECT_THAT(Outcome(SignToken(wrong)), HasSubstr("must be a string or an")) << wrong;
  }
  EXPECT_EQ(Outcome(SignToken(R"({"aud":"any"})")), R"({"aud":"any"})");
}

TEST(Jwt, ClaimsAreAnObject) {
  for (const char* payload : {"[]", "1", "", "{", R"({} {})"}) {
    EXPECT_EQ(Outcome(SignToken(payload)), "PGRST303 Parsing claims failed") << payload;
  }
}

TEST(Base64Url, TakesWhatAnEncoderWrites) {
  EXPECT_EQ(FromBase64Url(""), "");
  EXPECT_EQ(FromBase64Url("Zg"), "f");
  EXPECT_EQ(FromBase64Url("Zm8"), "fo");
  EXPECT_EQ(FromBase64Url("Zm9v"), "foo");
  EXPECT_EQ(FromBase64Url("-_8"), "\xFB\xFF");
  for (const char* wrong : {"Z", "Zh", "Zm9", "Zg==", "Zm9v\n", "+/8", "Zm 8", "Zm9vY"}) {
    EXPECT_EQ(FromBase64Url(wrong), std::nullopt) << wrong;
  }
}

}  // namespace
}  // namespace shoestring
