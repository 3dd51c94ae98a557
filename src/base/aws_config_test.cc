#include "base/aws_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>

#include "base/aws_credentials.h"
#include "base/error.h"

namespace shoestring {
namespace {

using testing::HasSubstr;
using testing::Optional;

// What AWS's tools would see: variables, and the two files.
class AwsConfigTest : public testing::Test {
 protected:
  AwsConfigTest() {
    std::string folder = testing::TempDir() + "shoestring-aws-XXXXXX";
    folder_ = mkdtemp(folder.data());
    variables_["AWS_EC2_METADATA_DISABLED"] = "true";
    variables_["AWS_CONFIG_FILE"] = folder_ + "/config";
    variables_["AWS_SHARED_CREDENTIALS_FILE"] = folder_ + "/credentials";
  }
  ~AwsConfigTest() override {
    for (const char* name : {"/config", "/credentials", "/token"}) {
      unlink((folder_ + name).c_str());
    }
    rmdir(folder_.c_str());
  }

  void WriteFile(const char* name, const std::string& text) {
    std::ofstream(folder_ + name) << text;
  }

  AwsConfig Config() {
    return AwsConfig([this](const char* name) -> std::optional<std::string> {
      const auto found = variables_.find(name);
      if (found == variables_.end()) return std::nullopt;
      return found->second;
    });
  }

  AwsCredentials Credentials() {
    const AwsConfig config = Config();
    HttpClient client;
    return AwsCredentialChain(&config, &client).Get();
  }

  ErrorKind CredentialsFail() {
    try {
      Credentials();
    } catch (const Error& error) {
      message_ = error.what();
      return error.kind();
    }
    ADD_FAILURE() << "no error";
    return ErrorKind::kInternal;
  }

  std::string folder_;
  std::map<std::string, std::string> variables_;
  std::string message_;
};

TEST_F(AwsConfigTest, Parses) {
  const auto sections = ParseAwsFile(
      "ignored = 1\n"
      "# comment\n; another\n"
      "[default]\nregion=eu-west-1 # where\n"
      "[ profile  two ]\r\n"
      "output = json\r\n"
      "s3 =\n  endpoint_url = http://a#b\n  max = 2\n"
      "region =\tus-west-2\n"
      "nonsense\n"
      "[services dev]\nsts = \n  endpoint_url = http://sts\n[");
  EXPECT_EQ(sections.at("default").at("region"), "eu-west-1");
  const AwsSection& two = sections.at("profile two");
  EXPECT_EQ(two.at("s3.endpoint_url"), "http://a#b");
  EXPECT_EQ(two.at("s3.max"), "2");
  EXPECT_EQ(two.at("region"), "us-west-2");
  EXPECT_EQ(sections.at("services dev").at("sts.endpoint_url"), "http://sts");
}

TEST_F(AwsConfigTest, RegionAndEndpoint) {
  WriteFile("/config",
            "[default]\nregion = r1\n[profile p]\nregion = r2\nendpoint_url = http://p\n"
            "ca_bundle = /ca\n[profile s]\nservices = x\n"
            "[services x]\ns3 =\n  endpoint_url = http://s\n");
  EXPECT_THAT(Config().Region(), Optional(std::string("r1")));
  EXPECT_EQ(Config().Endpoint("s3"), std::nullopt);
  variables_["AWS_PROFILE"] = "p";
  EXPECT_THAT(Config().Region(), Optional(std::string("r2")));
  EXPECT_THAT(Config().Endpoint("s3"), Optional(std::string("http://p")));
  EXPECT_EQ(Config().CaBundle(), "/ca");
  variables_["AWS_PROFILE"] = "s";
  EXPECT_THAT(Config().Endpoint("s3"), Optional(std::string("http://s")));
  variables_["AWS_DEFAULT_REGION"] = "r3";
  EXPECT_THAT(Config().Region(), Optional(std::string("r3")));
  variables_["AWS_REGION"] = "r4";
  EXPECT_THAT(Config().Region(), Optional(std::string("r4")));
  variables_["AWS_ENDPOINT_URL"] = "http://all";
  EXPECT_THAT(Config().Endpoint("s3"), Optional(std::string("http://all")));
  variables_["AWS_ENDPOINT_URL_S3"] = "http://own";
  EXPECT_THAT(Config().Endpoint("s3"), Optional(std::string("http://own")));
  EXPECT_THAT(Config().Endpoint("sts"), Optional(std::string("http://all")));
  variables_["AWS_PROFILE"] = "none";
  EXPECT_THROW(Config(), Error);
}

TEST_F(AwsConfigTest, EnvironmentBeforeFiles) {
  WriteFile("/credentials",
            "[default]\naws_access_key_id = file\naws_secret_access_key = s\n");
  EXPECT_EQ(Credentials().access_key, "file");
  variables_["AWS_ACCESS_KEY_ID"] = "environment";
  EXPECT_EQ(CredentialsFail(), ErrorKind::kPermission);
  variables_["AWS_SECRET_ACCESS_KEY"] = "s";
  variables_["AWS_SESSION_TOKEN"] = "t";
  EXPECT_EQ(Credentials().access_key, "environment");
  EXPECT_EQ(Credentials().session_token, "t");
}

TEST_F(AwsConfigTest, Profiles) {
  WriteFile("/config",
            "[profile keys]\naws_access_key_id = a\naws_secret_access_key = b\n"
            "[profile process]\n"
            "credential_process = echo '{\"Version\":1,\"AccessKeyId\":\"p\","
            "\"SecretAccessKey\":\"q\",\"Expiration\":\"2999-01-01T00:00:00Z\"}'\n"
            "[profile fails]\ncredential_process = false\n"
            "[profile sso]\nsso_session = x\n");
  variables_["AWS_PROFILE"] = "keys";
  EXPECT_EQ(Credentials().access_key, "a");
  variables_["AWS_PROFILE"] = "process";
  EXPECT_EQ(Credentials().access_key, "p");
  EXPECT_TRUE(Credentials().expires);
  variables_["AWS_PROFILE"] = "fails";
  EXPECT_EQ(CredentialsFail(), ErrorKind::kPermission);
  variables_["AWS_PROFILE"] = "sso";
  EXPECT_EQ(CredentialsFail(), ErrorKind::kUnsupported);
}

TEST_F(AwsConfigTest, NothingAnywhere) {
  EXPECT_EQ(CredentialsFail(), ErrorKind::kPermission);
  EXPECT_THAT(message_, HasSubstr("AWS_ACCESS_KEY_ID"));
  EXPECT_THAT(message_, HasSubstr("profile default"));
}

TEST_F(AwsConfigTest, RolesThatCannotBeAssumed) {
  WriteFile("/config",
            "[profile a]\nrole_arn = r\nsource_profile = b\n"
            "[profile b]\nrole_arn = r\nsource_profile = a\n"
            "[profile lone]\nrole_arn = r\n");
  variables_["AWS_PROFILE"] = "a";
  EXPECT_EQ(CredentialsFail(), ErrorKind::kInvalidArgument);
  variables_["AWS_PROFILE"] = "lone";
  EXPECT_EQ(CredentialsFail(), ErrorKind::kPermission);
}

TEST_F(AwsConfigTest, TokensStayOnThisMachine) {
  variables_["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = "http://example.invalid/x";
  variables_["AWS_CONTAINER_AUTHORIZATION_TOKEN"] = "token";
  EXPECT_EQ(CredentialsFail(), ErrorKind::kPermission);
  EXPECT_THAT(message_, HasSubstr("example.invalid"));
}

TEST(AwsCredentialsTest, ParsesAnswers) {
  const AwsCredentials container =
      ParseCredentialsJson(R"({"AccessKeyId":"a","SecretAccessKey":"b","Token":"c",)"
                           R"("Expiration":"2026-01-31T23:59:59Z"})",
                           "test");
  EXPECT_EQ(container.session_token, "c");
  EXPECT_EQ(std::chrono::system_clock::to_time_t(*container.expires), 1769903999);
  EXPECT_THROW(ParseCredentialsJson("{}", "test"), Error);
  EXPECT_THROW(ParseCredentialsJson("no", "test"), Error);
  const AwsCredentials assumed = ParseStsAnswer(
      "<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">"
      "<AssumeRoleResult><Credentials><AccessKeyId>a</AccessKeyId>"
      "<SecretAccessKey>b</SecretAccessKey><SessionToken>c</SessionToken>"
      "<Expiration>2026-01-31T23:59:59.123Z</Expiration></Credentials>"
      "</AssumeRoleResult></AssumeRoleResponse>");
  EXPECT_EQ(assumed.access_key, "a");
  EXPECT_TRUE(assumed.expires);
  EXPECT_THROW(ParseStsAnswer("<x/>"), Error);
  EXPECT_FALSE(ParseAwsTime("tomorrow"));
}

}  // namespace
}  // namespace shoestring
