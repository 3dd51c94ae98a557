#include "api/authenticator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "api/api_error.h"
#include "api/test_tokens.h"
#include "base/error.h"

namespace shoestring {
namespace {

using std::chrono::seconds;

constexpr seconds kNow{1'700'000'000};
constexpr const char* kAnon = "sb_publishable_0123456789";
constexpr const char* kSecret = "sb_secret_0123456789abcdef";

AuthOptions Options() {
  AuthOptions options;
  options.keyring = std::make_shared<JwtKeyring>(
      JwtKeyring::Keys{JwtKey::FromSecret(std::string(kTestSecret))});
  options.anon_keys = {kAnon, SignToken(R"({"role":"anon"})")};
  options.service_keys = {kSecret};
  return options;
}

/// "role claims", or "code message".
std::string Outcome(const std::vector<ApiHeader>& headers, const std::string& query = "",
                    const AuthOptions& options = Options()) {
  ApiRequest request;
  request.headers = headers;
  request.query = query;
  try {
    const Caller caller = Authenticator(options).Identify(request, kNow);
    return caller.role + " " + caller.claims;
  } catch (const ApiError& error) {
    EXPECT_EQ(error.status(), 401);
    EXPECT_EQ(error.headers().at(0).first, "WWW-Authenticate");
    return error.code() + " " + error.what();
  }
}

TEST(Authenticator, KeysComeAsSupabaseJsSendsThem) {
  const std::string old = SignToken(R"({"role":"anon"})");
  EXPECT_EQ(
      Outcome({{"apikey", kAnon}, {"authorization", fmt::format("Bearer {}", kAnon)}}),
      "anon {}");
  EXPECT_EQ(Outcome({{"apikey", old}, {"authorization", "Bearer " + old}}), "anon {}");
  EXPECT_EQ(Outcome({{"apikey", kSecret}}), "service_role {}");
  EXPECT_EQ(Outcome({}, fmt::format("select=*&apikey={}", kAnon)), "anon {}");
  EXPECT_EQ(Outcome({{"authorization", fmt::format("bearer  {}", kSecret)}}),
            "service_role {}");
}

TEST(Authenticator, ATokenGoesBeforeTheKey) {
  const std::string claims = R"({"role":"authenticated","sub":"7"})";
  const std::string bearer = "Bearer " + SignToken(claims);
  EXPECT_EQ(Outcome({{"apikey", kAnon}, {"authorization", bearer}}),
            "authenticated " + claims);
  EXPECT_EQ(Outcome({{"apikey", kSecret}, {"authorization", bearer}}),
            "authenticated " + claims);
  EXPECT_EQ(Outcome({{"authorization", bearer}}), "authenticated " + claims);
  EXPECT_EQ(Outcome({{"authorization", "Bearer " + SignToken(R"({"sub":"7"})")}}),
            R"(anon {"sub":"7"})");
}

TEST(Authenticator, WhatIsWrongIsRefusedWhateverStandsBesideIt) {
  const std::string expired = "Bearer " + SignToken(R"({"role":"anon","exp":1})");
  EXPECT_EQ(Outcome({}), "PGRST302 Anonymous access is disabled");
  EXPECT_EQ(Outcome({{"apikey", ""}}), "PGRST302 Anonymous access is disabled");
  EXPECT_EQ(Outcome({{"authorization", "Basic abc"}}),
            "PGRST302 Anonymous access is disabled");
  EXPECT_EQ(Outcome({{"apikey", "sb_secret_0123456789abcdeF"}}),
            "PGRST301 Invalid API key");
  EXPECT_EQ(Outcome({{"apikey", kSecret}, {"authorization", expired}}),
            "PGRST303 JWT expired");
  EXPECT_EQ(Outcome({{"apikey", kAnon}, {"authorization", "Bearer "}}),
            "PGRST301 Empty JWT is sent in Authorization header");
  EXPECT_EQ(Outcome({{"apikey", kAnon}, {"authorization", "Bearer undefined"}}),
            "PGRST301 Expected 3 parts in JWT; got 1");
  EXPECT_EQ(
      Outcome({{"apikey", "wrong"}, {"authorization", fmt::format("Bearer {}", kAnon)}}),
      "PGRST301 Expected 3 parts in JWT; got 1");
}

TEST(Authenticator, NobodyIsSomebodyOnlyWhereThatWasAskedFor) {
  AuthOptions options;
  options.keyring = std::make_shared<JwtKeyring>(JwtKeyring::Keys{});
  EXPECT_TRUE(options.closed());
  options.anonymous = true;
  EXPECT_FALSE(options.closed());
  EXPECT_EQ(Outcome({}, "", options), "anon {}");
  // A token that cannot be looked into is no reason to let its bearer in.
  EXPECT_EQ(Outcome({{"authorization", "Bearer " + SignToken("{}")}}, "", options),
            "PGRST301 Invalid API key");
}

TEST(Authenticator, SettingsComeFromTheEnvironment) {
  setenv("SHOESTRING_SERVE_SECRET_KEY", kSecret, 1);
  setenv("SHOESTRING_SERVE_JWT_SECRET", std::string(kTestSecret).c_str(), 1);
  const AuthOptions options =
      ReadAuthOptions(Settings::Parse("[serve]\njwt_audience = 'lake'", "test"), kNow);
  unsetenv("SHOESTRING_SERVE_SECRET_KEY");
  unsetenv("SHOESTRING_SERVE_JWT_SECRET");
  EXPECT_THAT(options.service_keys, testing::ElementsAre(kSecret));
  EXPECT_EQ(options.rules.audience, "lake");
  EXPECT_FALSE(options.keyring->empty());
  for (const char* name : {"anon_key", "origin_secret"}) {
    const auto settings = Settings::Parse(fmt::format("[serve]\n{} = 'abc'", name), "");
    EXPECT_THROW(ReadAuthOptions(settings, kNow), Error);
  }
}

TEST(Authenticator, TheKeyLeavesTheQuery) {
  EXPECT_EQ(WithoutApikey("apikey=k&a=eq.1&apikey=j&b=eq.2"), "a=eq.1&b=eq.2");
  EXPECT_EQ(WithoutApikey("a=eq.1&myapikey=eq.2"), "a=eq.1&myapikey=eq.2");
  EXPECT_EQ(WithoutApikey("apikey=k"), "");
}

}  // namespace
}  // namespace shoestring
