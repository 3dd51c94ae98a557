#include "api/api_service.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/test_tokens.h"
#include "base/error.h"

namespace shoestring {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::Pair;

constexpr const char* kKey = "sb_publishable_0123456789";

/// What the core was given.
struct Seen {
  ApiRequest request;
  Access access;
  int calls = 0;
};

ApiService Service(Seen* seen, const std::string& origin_secret = "") {
  auto schema = std::make_shared<LakeSchema>();
  schema->tables["notes"].lake_name = "notes";
  AuthOptions options;
  options.anon_keys = {kKey};
  options.origin_secret = origin_secret;
  options.keyring = std::make_shared<JwtKeyring>(
      JwtKeyring::Keys{JwtKey::FromSecret(std::string(kTestSecret))});
  return ApiService(
      [seen, schema](const ApiRequest& request, const CallersAccess& access_of,
                     std::stop_token, std::chrono::milliseconds) {
        *seen = {request, access_of(*schema), seen->calls + 1};
        if (request.path == "/fails") throw Error(ErrorKind::kTimeout, "");
        return ApiResponse{200, {}, TextBody("[]")};
      },
      Authenticator(options), Roles());
}

ApiRequest Request(const std::string& path, std::vector<ApiHeader> headers) {
  ApiRequest request;
  request.method = "GET";
  request.path = path;
  request.headers = std::move(headers);
  return request;
}

TEST(ApiService, TheCoreSeesTheRoleAndNoKey) {
  Seen seen;
  ApiRequest request = Request(
      "/notes", {{"apikey", kKey},
                 {"authorization", "Bearer " + SignToken(R"({"role":"authenticated"})")},
                 {"accept", "text/csv"}});
  request.query = std::string("select=*&apikey=") + kKey;
  const ServedResponse served = Service(&seen).Handle(request, {}, {});
  EXPECT_EQ(served.response.status, 200);
  EXPECT_EQ(served.role, "authenticated");
  EXPECT_EQ(seen.access.role, "authenticated");
  EXPECT_TRUE(seen.access.tables.contains("notes"));
  EXPECT_EQ(seen.request.query, "select=*");
  EXPECT_EQ(seen.request.headers, (std::vector<ApiHeader>{{"accept", "text/csv"}}));
}

TEST(ApiService, WithoutAKeyTheCoreIsNotAsked) {
  Seen seen;
  const ServedResponse served =
      Service(&seen).Handle(Request("/notes", {{"origin", "http://page"}}), {}, {});
  EXPECT_EQ(served.response.status, 401);
  EXPECT_THAT(served.response.headers, Contains(Pair("WWW-Authenticate", "Bearer")));
  EXPECT_THAT(served.response.headers,
              Contains(Pair("Access-Control-Allow-Origin", "*")));
  EXPECT_THAT(*served.response.body->Next(), HasSubstr("PGRST302"));
  EXPECT_EQ(seen.calls, 0);
}

TEST(ApiService, WhatTheCoreThrowsIsAnAnswer) {
  Seen seen;
  const ServedResponse served =
      Service(&seen).Handle(Request("/fails", {{"apikey", kKey}}), {}, {});
  EXPECT_EQ(served.response.status, 500);
  EXPECT_THAT(*served.response.body->Next(), HasSubstr("57014"));
}

TEST(ApiService, APreflightNeedsNoKey) {
  Seen seen;
  ApiRequest request = Request(
      "/notes", {{"origin", "http://page"}, {"access-control-request-method", "GET"}});
  const ApiService service = Service(&seen);
  EXPECT_FALSE(service.AnswerAtOnce(request));
  request.method = "OPTIONS";
  EXPECT_EQ(service.AnswerAtOnce(request)->response.status, 200);
}

TEST(ApiService, WhatComesPastTheProxyIsRefused) {
  const std::string secret = "0123456789abcdef";
  for (const std::string& shown : {std::string(), secret + "0", secret}) {
    Seen seen;
    const ApiService service = Service(&seen, secret);
    ApiRequest request = Request("/notes", {{"apikey", kKey},
                                            {"origin", "http://page"},
                                            {"access-control-request-method", "GET"}});
    if (!shown.empty()) request.headers.emplace_back("x-origin-secret", shown);
    const int expected = shown == secret ? 200 : 403;
    EXPECT_EQ(service.Handle(request, {}, {}).response.status, expected);
    EXPECT_EQ(seen.calls, shown == secret ? 1 : 0);
    EXPECT_FALSE(seen.request.Header("x-origin-secret"));
    request.method = "OPTIONS";
    EXPECT_EQ(service.AnswerAtOnce(request)->response.status, expected);
  }
}

}  // namespace
}  // namespace shoestring
