#include "base/aws_signer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace shoestring {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr const char* kSecret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

std::chrono::system_clock::time_point At(time_t seconds) {
  return std::chrono::system_clock::from_time_t(seconds);
}

std::string HeaderOf(const HttpRequest& request, std::string_view name) {
  for (const auto& [key, value] : request.headers) {
    if (key == name) return value;
  }
  return "";
}

std::string SignatureOf(HttpRequest request, const AwsCredentials& credentials,
                        const AwsScope& scope, time_t seconds) {
  SignAwsRequest(credentials, scope, At(seconds), &request);
  const std::string header = HeaderOf(request, "authorization");
  return header.substr(header.rfind('=') + 1);
}

// The examples of AWS's documentation of S3: 2013-05-24, us-east-1.
std::string S3Example(HttpRequest request) {
  request.origin = "https://examplebucket.s3.amazonaws.com";
  constexpr time_t kThen = 1369353600;
  return SignatureOf(std::move(request), {"AKIAIOSFODNN7EXAMPLE", kSecret, ""},
                     {"us-east-1", "s3"}, kThen);
}

TEST(AwsSignerTest, ExamplesOfS3) {
  EXPECT_EQ(S3Example({.path = "/test.txt", .headers = {{"range", "bytes=0-9"}}}),
            "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
  EXPECT_EQ(S3Example({.method = "PUT",
                       .path = "/test%24file.text",
                       .headers = {{"date", "Fri, 24 May 2013 00:00:00 GMT"},
                                   {"x-amz-storage-class", "REDUCED_REDUNDANCY"}},
                       .body = "Welcome to Amazon S3."}),
            "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd");
  EXPECT_EQ(S3Example({.query = {{"lifecycle", ""}}}),
            "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
  EXPECT_EQ(S3Example({.query = {{"prefix", "J"}, {"max-keys", "2"}}}),
            "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
}

TEST(AwsSignerTest, ExampleOfOtherServices) {
  constexpr time_t kThen = 1440938160;  // 2015-08-30 12:36:00
  EXPECT_EQ(SignatureOf({.origin = "https://example.amazonaws.com"},
                        {"AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", ""},
                        {"us-east-1", "service"}, kThen),
            "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31");
}

TEST(AwsSignerTest, Headers) {
  HttpRequest request{.origin = "http://localhost:80", .headers = {{"user-agent", "x"}}};
  SignAwsRequest({"key", kSecret, "token"}, {"r", "s3"}, At(0), &request);
  EXPECT_EQ(HeaderOf(request, "host"), "localhost");
  EXPECT_EQ(HeaderOf(request, "x-amz-date"), "19700101T000000Z");
  EXPECT_EQ(HeaderOf(request, "x-amz-security-token"), "token");
  const std::string authorization = HeaderOf(request, "authorization");
  EXPECT_THAT(authorization, HasSubstr("Credential=key/19700101/r/s3/aws4_request"));
  EXPECT_THAT(authorization, HasSubstr("host;x-amz-content-sha256;x-amz-date;"));
  EXPECT_THAT(authorization, Not(HasSubstr("user-agent")));
  EXPECT_THAT(authorization, Not(HasSubstr(kSecret)));
  // Signed again, as before a retry: nothing is there twice.
  const HttpPairs once = request.headers;
  SignAwsRequest({"key", kSecret, "token"}, {"r", "s3"}, At(0), &request);
  EXPECT_EQ(request.headers.size(), once.size());
  EXPECT_EQ(HeaderOf(request, "authorization"), authorization);
}

TEST(AwsSignerTest, UriEncode) {
  EXPECT_EQ(UriEncode("aZ0-._~", true), "aZ0-._~");
  EXPECT_EQ(UriEncode("a/b c+d=é", true), "a/b%20c%2Bd%3D%C3%A9");
  EXPECT_EQ(UriEncode("a/b", false), "a%2Fb");
}

}  // namespace
}  // namespace shoestring
