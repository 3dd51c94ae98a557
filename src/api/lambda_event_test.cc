#include "api/lambda_event.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/json.h"

namespace shoestring {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::Pair;

// After the examples in Lambda's and API Gateway's documentation.
constexpr std::string_view kFormat2 = R"({
  "version": "2.0", "routeKey": "$default", "rawPath": "/rest/v1/my%20table",
  "rawQueryString": "a=eq.1%2B1&a=neq.x+y&select=%2A", "cookies": ["one=1", "two=2"],
  "headers": {"Accept": "application/json", "x-list": "a,b"},
  "queryStringParameters": {"a": "eq.1+1,neq.x y", "select": "*"},
  "requestContext": {"apiId": "id", "stage": "$default", "http": {"method": "POST",
    "path": "/rest/v1/my table", "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1"}},
  "body": "AP+A", "isBase64Encoded": true})";

constexpr std::string_view kFormat1 = R"({
  "version": "1.0", "resource": "/{proxy+}", "path": "/companies", "httpMethod": "GET",
  "headers": {"Prefer": "b"}, "multiValueHeaders": {"Prefer": ["a", "b"]},
  "queryStringParameters": {"id": "lt.9"},
  "multiValueQueryStringParameters": {"id": ["gt.1", "lt.9"], "name": ["eq.a&b=c d"]},
  "requestContext": {"stage": "prod", "path": "/prod/companies",
    "identity": {"sourceIp": "192.0.2.2"}}, "body": null, "isBase64Encoded": false})";

constexpr std::string_view kBalancer = R"({
  "requestContext": {"elb": {"targetGroupArn": "arn"}}, "httpMethod": "GET",
  "path": "/companies", "queryStringParameters": {"name": "eq.a%26b"},
  "headers": {"accept": "text/csv"}, "body": "", "isBase64Encoded": false})";

ApiResponse Response() {
  ApiResponse response;
  response.status = 206;
  response.headers = {{"Content-Range", "0-1/9"},
                      {"Vary", "Accept"},
                      {"Vary", "Origin"},
                      {"Set-Cookie", "a=1"},
                      {"Set-Cookie", "b=2"}};
  return response;
}

std::string RefusalOf(std::string_view event) {
  try {
    ReadLambdaEvent(event);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kCorrupt);
    return error.what();
  }
  return "it was read";
}

TEST(LambdaEvent, Format2IsReadAsItWasSent) {
  const LambdaEvent event = ReadLambdaEvent(kFormat2);
  EXPECT_EQ(event.format, PayloadFormat::kV2);
  EXPECT_EQ(event.client, "192.0.2.1");
  EXPECT_EQ(event.request.method, "POST");
  EXPECT_EQ(event.request.path, "/rest/v1/my%20table");
  EXPECT_EQ(event.request.query, "a=eq.1%2B1&a=neq.x+y&select=%2A");
  EXPECT_THAT(event.request.headers,
              ElementsAre(Pair("accept", "application/json"), Pair("x-list", "a,b"),
                          Pair("cookie", "one=1; two=2")));
  EXPECT_EQ(event.request.body, std::string("\x00\xFF\x80", 3));
}

TEST(LambdaEvent, Format1HasAllValues) {
  const LambdaEvent event = ReadLambdaEvent(kFormat1);
  EXPECT_EQ(event.format, PayloadFormat::kV1);
  EXPECT_EQ(event.client, "192.0.2.2");
  EXPECT_EQ(event.request.path, "/companies");
  EXPECT_EQ(event.request.query, "id=gt.1&id=lt.9&name=eq.a%26b%3Dc%20d");
  EXPECT_EQ(event.request.Header("prefer"), "a, b");
  EXPECT_EQ(event.request.body, "");
}

TEST(LambdaEvent, ABalancerLeavesTheQueryEncoded) {
  const LambdaEvent event = ReadLambdaEvent(kBalancer);
  EXPECT_EQ(event.format, PayloadFormat::kV1Single);
  EXPECT_EQ(event.request.query, "name=eq.a%26b");
  EXPECT_EQ(event.request.Header("accept"), "text/csv");
}

TEST(LambdaEvent, OthersAreRefusedWithoutTheirValues) {
  EXPECT_THAT(RefusalOf(R"({"Records": [{"secret": "Sesame"}]})"),
              HasSubstr("payload format"));
  EXPECT_THAT(RefusalOf("Sesame"), HasSubstr("no valid JSON"));
  EXPECT_THAT(RefusalOf("[]"), HasSubstr("not an object"));
  EXPECT_THAT(RefusalOf(R"({"rawPath": "/Sesame"})"), HasSubstr("event.requestContext"));
  EXPECT_THAT(RefusalOf(R"({"httpMethod": 7, "path": "/", "requestContext": {}})"),
              HasSubstr("event.httpMethod"));
  const std::string damaged = RefusalOf(
      R"({"rawPath": "/", "requestContext": {"http": {"method": "GET"}},
          "body": "Sesame!", "isBase64Encoded": true})");
  EXPECT_THAT(damaged, HasSubstr("event.body is not base64"));
  EXPECT_THAT(damaged, Not(HasSubstr("Sesame")));
}

TEST(LambdaAnswer, Format2HasCookiesApart) {
  const auto answer =
      ParseJson(FormatLambdaAnswer(PayloadFormat::kV2, Response(), "[é]"), "answer");
  EXPECT_EQ(answer, ParseJson(R"({"statusCode": 206,
    "headers": {"Content-Range": "0-1/9", "Vary": "Accept, Origin"},
    "cookies": ["a=1", "b=2"], "body": "[é]", "isBase64Encoded": false})",
                              "expected"));
}

TEST(LambdaAnswer, Format1HasListsOfHeaders) {
  const auto answer =
      ParseJson(FormatLambdaAnswer(PayloadFormat::kV1, Response(), ""), "answer");
  EXPECT_EQ(answer, ParseJson(R"({"statusCode": 206, "multiValueHeaders": {
    "Content-Range": ["0-1/9"], "Vary": ["Accept", "Origin"], "Set-Cookie": ["a=1", "b=2"]},
    "body": "", "isBase64Encoded": false})",
                              "expected"));
}

TEST(LambdaAnswer, WhatIsNoTextIsBase64) {
  const auto answer = ParseJson(
      FormatLambdaAnswer(PayloadFormat::kV1Single, {}, std::string_view("\0\xFF", 2)),
      "answer");
  EXPECT_EQ(answer, ParseJson(R"({"statusCode": 200, "headers": {}, "body": "AP8=",
                                  "isBase64Encoded": true})",
                              "expected"));
}

TEST(LambdaAnswer, AHeaderStaysOneLineOfText) {
  ApiResponse response;
  response.headers = {{"A", "x\r\nB: y"}, {"C", "\xFF z"}};
  const std::string answer = FormatLambdaAnswer(PayloadFormat::kV2, response, "");
  EXPECT_THAT(answer, HasSubstr(R"("A":"xB: y")"));
  EXPECT_THAT(answer, HasSubstr(R"("C":"? z")"));
}

TEST(LambdaAnswer, APreludeEndsInNulBytes) {
  const std::string prelude = FormatLambdaPrelude(Response());
  const size_t end = prelude.find('\0');
  EXPECT_EQ(prelude.substr(end), std::string(8, '\0'));
  const auto head = ParseJson(prelude.substr(0, end), "prelude");
  EXPECT_EQ(head.at("statusCode"), 206);
  EXPECT_EQ(head.at("cookies").as_array().size(), 2U);
  EXPECT_FALSE(head.as_object().contains("body"));
}

TEST(LambdaAnswer, AnErrorHasThreeFields) {
  EXPECT_EQ(FormatLambdaError("Shoestring.limit", "too \"large\""),
            R"({"errorMessage":"too \"large\"","errorType":"Shoestring.limit",)"
            R"("stackTrace":[]})");
}

}  // namespace
}  // namespace shoestring
