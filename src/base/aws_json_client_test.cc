#include "base/aws_json_client.h"

#include <gtest/gtest.h>

namespace shoestring {
namespace {

Environment With(std::map<std::string, std::string> variables) {
  return [variables](const char* name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    if (found == variables.end()) return std::nullopt;
    return found->second;
  };
}

TEST(AwsJsonClient, ErrorsAreFoundWhereverTheyStand) {
  const auto check = [](std::string_view body, std::string_view header,
                        std::string_view code, std::string_view message) {
    const AwsJsonError error = ParseAwsJsonError(body, header);
    EXPECT_EQ(error.code, code) << body;
    EXPECT_EQ(error.message, message) << body;
  };
  check(R"({"__type": "InvalidRequestException", "Message": "no"})", "",
        "InvalidRequestException", "no");
  check(R"({"__type": "com.amazonaws.glue#EntityNotFoundException", "message": "gone"})",
        "", "EntityNotFoundException", "gone");
  check("{}", "ThrottlingException:http://internal/", "ThrottlingException", "");
  check("<html>", "", "", "");
  check(R"({"__type": 7, "message": []})", "", "", "");
}

TEST(AwsJsonClient, CodesTellWhatToDo) {
  const auto kind = [](int status, std::string_view code) {
    return AdviseOnAws(status, code).kind;
  };
  EXPECT_EQ(kind(400, "EntityNotFoundException"), ErrorKind::kNotFound);
  EXPECT_EQ(kind(400, "ConcurrentModificationException"), ErrorKind::kConflict);
  EXPECT_EQ(kind(400, "InvalidRequestException"), ErrorKind::kInvalidArgument);
  EXPECT_EQ(kind(400, "AccessDeniedException"), ErrorKind::kPermission);
  EXPECT_EQ(kind(403, ""), ErrorKind::kPermission);
  EXPECT_TRUE(AdviseOnAws(400, "TooManyRequestsException").throttled);
  EXPECT_TRUE(AdviseOnAws(429, "").throttled);
  EXPECT_TRUE(AdviseOnAws(500, "InternalServerException").retry);
  EXPECT_TRUE(AdviseOnAws(503, "").retry);
  EXPECT_FALSE(AdviseOnAws(400, "InvalidRequestException").retry);
  EXPECT_FALSE(AdviseOnFault(HttpFault::kCertificate).retry);
  EXPECT_TRUE(AdviseOnFault(HttpFault::kCut).retry);
}

TEST(AwsJsonClient, ARegionMustBeNamed) {
  const AwsJsonService service{.name = "athena", .target = "A", .title = "Athena"};
  EXPECT_THROW(AwsJsonClient(service, With({})), Error);
  EXPECT_EQ(AwsJsonClient(service, With({{"AWS_REGION", "eu-west-1"}})).region(),
            "eu-west-1");
}

}  // namespace
}  // namespace shoestring
