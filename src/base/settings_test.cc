#include "base/settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "base/error.h"

namespace shoestring {
namespace {

using testing::HasSubstr;
using testing::Optional;

/// A variable of the environment while it lives.
class Variable {
 public:
  Variable(const char* name, const std::string& value) : name_(name) {
    setenv(name, value.c_str(), 1);
  }
  ~Variable() { unsetenv(name_); }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;

 private:
  const char* name_;
};

constexpr const char* kFile = R"(
engine = "trino"
[trino]
server = "https://trino.example"
user = ""
port = 8443
tls = true
)";

TEST(Settings, ComeFromTheFile) {
  const Settings settings = Settings::Parse(kFile, "shoestring.toml");
  EXPECT_THAT(settings.Find("", "engine"), Optional(std::string("trino")));
  EXPECT_EQ(settings.Require("trino", "server"), "https://trino.example");
  EXPECT_EQ(settings.Get("trino", "port", "0"), "8443");
  EXPECT_EQ(settings.Get("trino", "tls", "false"), "true");
  EXPECT_EQ(settings.Get("trino", "user", "somebody"), "somebody");
  EXPECT_EQ(settings.Find("postgres", "server"), std::nullopt);
}

TEST(Settings, TheEnvironmentComesFirst) {
  const Settings settings = Settings::Parse(kFile, "shoestring.toml");
  const Variable server("SHOESTRING_TRINO_SERVER", "http://127.0.0.1:8080");
  const Variable engine("SHOESTRING_ENGINE", "");
  EXPECT_EQ(settings.Require("trino", "server"), "http://127.0.0.1:8080");
  EXPECT_EQ(settings.Require("", "engine"), "trino");
}

TEST(Settings, WhatIsMissingIsNamedBothWays) {
  try {
    Settings().Require("trino", "server");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kInvalidArgument);
    EXPECT_STREQ(error.what(),
                 "Set SHOESTRING_TRINO_SERVER in the environment, or [trino] server in "
                 "shoestring.toml");
  }
}

TEST(Settings, SecretsMayLieInFiles) {
  const std::string path = testing::TempDir() + "settings_test_secret";
  std::ofstream(path) << "s3cret\n";
  const Variable file("SHOESTRING_TRINO_PASSWORD_FILE", path);
  EXPECT_THAT(Settings().FindSecret("trino", "password"),
              Optional(std::string("s3cret")));
  const Variable value("SHOESTRING_TRINO_PASSWORD", "other");
  EXPECT_THAT(Settings().FindSecret("trino", "password"), Optional(std::string("other")));
  EXPECT_EQ(Settings().FindSecret("trino", "token"), std::nullopt);
}

TEST(Settings, WhatIsNoTomlNamesItsLine) {
  for (const char* text : {"a = 1\nb = ", "[a]\nb = [1]", "[a.b]\nc = 1"}) {
    try {
      Settings::Parse(text, "x.toml");
      ADD_FAILURE() << text;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kInvalidArgument);
      EXPECT_THAT(error.what(), HasSubstr("x.toml"));
    }
  }
}

TEST(Settings, RolesAreNotLookedInto) {
  const Settings settings =
      Settings::Parse("engine = 'trino'\n[roles.anon]\nnotes = {rows = 'all'}", "test");
  EXPECT_EQ(settings.Find("", "engine"), "trino");
}

}  // namespace
}  // namespace shoestring
