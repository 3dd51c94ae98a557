#include "api/jwt_keyring.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "api/api_error.h"
#include "api/test_tokens.h"
#include "base/error.h"

namespace shoestring {
namespace {

using std::chrono::seconds;

constexpr seconds kStart{1'700'000'000};

/// A set that the test changes under the keyring.
struct FakeOrigin {
  std::string json = TestJwks();
  int reads = 0;
  bool down = false;

  JwksOrigin AsOrigin() {
    return {"fake", [this] {
              ++reads;
              if (down) throw Error(ErrorKind::kUnavailable, "down");
              return json;
            }};
  }
};

std::string OctSet() {
  return fmt::format(R"({{"keys":[{{"kty":"oct","kid":"new","k":"{}"}}]}})",
                     ToBase64Url(kTestSecret));
}

bool Accepts(JwtKeyring* keyring, std::string_view token, seconds now) {
  try {
    return !keyring->Verify(token, {}, now).empty();
  } catch (const ApiError&) {
    return false;
  }
}

TEST(JwtKeyring, ANewKeyIsLookedForAtMostEveryThirtySeconds) {
  FakeOrigin origin;
  JwtKeyring keyring({}, origin.AsOrigin(), kStart);
  EXPECT_TRUE(Accepts(&keyring, kRsToken, kStart));
  const std::string token = SignToken("{}");
  origin.json = OctSet();
  EXPECT_FALSE(Accepts(&keyring, token, kStart + seconds(29)));
  EXPECT_EQ(origin.reads, 1);
  EXPECT_TRUE(Accepts(&keyring, token, kStart + seconds(30)));
  EXPECT_EQ(origin.reads, 2);
  for (int i = 0; i < 100; ++i) {
    EXPECT_FALSE(Accepts(&keyring, kRsToken, kStart + seconds(59)));
  }
  EXPECT_EQ(origin.reads, 2);
}

TEST(JwtKeyring, AKeyThatWasTakenAwayEndsWithinTenMinutes) {
  FakeOrigin origin;
  JwtKeyring keyring({}, origin.AsOrigin(), kStart);
  origin.json = OctSet();
  EXPECT_TRUE(Accepts(&keyring, kRsToken, kStart + seconds(599)));
  EXPECT_FALSE(Accepts(&keyring, kRsToken, kStart + seconds(600)));
}

TEST(JwtKeyring, KeysStayWhileTheSetCannotBeRead) {
  FakeOrigin origin;
  JwtKeyring keyring({}, origin.AsOrigin(), kStart);
  origin.down = true;
  EXPECT_TRUE(Accepts(&keyring, kEsToken, kStart + seconds(700)));
  origin.down = false;
  origin.json = "broken";
  EXPECT_TRUE(Accepts(&keyring, kEsToken, kStart + seconds(1400)));
  EXPECT_EQ(origin.reads, 3);
}

TEST(JwtKeyring, AFixedSecretStandsBesideTheSet) {
  FakeOrigin origin;
  JwtKeyring keyring({JwtKey::FromSecret(std::string(kTestSecret))}, origin.AsOrigin(),
                     kStart);
  EXPECT_TRUE(Accepts(&keyring, SignToken("{}"), kStart));
  EXPECT_TRUE(Accepts(&keyring, kRsToken, kStart));
  EXPECT_FALSE(keyring.empty());
  EXPECT_TRUE(JwtKeyring({}).empty());
}

TEST(JwtKeyring, APlaceIsAFileOrHttps) {
  const auto path = std::filesystem::path(testing::TempDir()) / "jwks.json";
  std::ofstream(path) << OctSet();
  EXPECT_EQ(OpenJwks(path.string()).read(), OctSet());
  EXPECT_THROW(OpenJwks("no-such-file.json").read(), Error);
  for (const char* place : {"http://example.com/jwks", "http://127.0.0.1.example.com/",
                            "http://localhost@example.com/", "http://"}) {
    EXPECT_THROW(OpenJwks(place), Error) << place;
  }
  EXPECT_NO_THROW(OpenJwks("http://localhost:9/jwks"));
  EXPECT_THROW(OpenJwks("http://127.0.0.1:9/jwks").read(), Error);
}

}  // namespace
}  // namespace shoestring
