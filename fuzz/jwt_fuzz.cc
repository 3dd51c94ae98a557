// Tokens, key sets and requests with keys: whatever the bytes, they are refused as
// PostgREST words it, or are what was signed.
#include "api/api_error.h"
#include "api/base64url.h"
#include "api/jwt.h"
#include "api/test_tokens.h"
#include "base/bytes.h"
#include "fuzz/expectation.h"

namespace {

using namespace shoestring;

constexpr std::chrono::seconds kNow{1'700'000'000};

/// The code of the refusal; "" when the token holds.
std::string CodeOf(std::string_view token, std::string* claims) {
  static const auto kKeys = [] {
    auto keys = ParseJwks(TestJwks(), "test");
    keys.push_back(JwtKey::FromSecret(std::string(kTestSecret)));
    return keys;
  }();
  try {
    *claims = VerifyJwt(token, kKeys, {}, kNow);
    return "";
  } catch (const ApiError& error) {
    Require(error.status() == 401);
    return error.code();
  }
}

void CheckToken(std::string_view token) {
  std::string claims;
  const std::string code = CodeOf(token, &claims);
  Require(code == "" || code == "PGRST301" || code == "PGRST303");
}

void CheckSigned(std::string_view payload) {
  std::string claims;
  const std::string code = CodeOf(SignToken(payload), &claims);
  Require(code == "PGRST303" || (code.empty() && claims == payload));
}

void CheckBase64(std::string_view text) {
  const auto bytes = FromBase64Url(text);
  if (bytes) Require(ToBase64Url(*bytes) == text);
}

void CheckSet(std::string_view json) {
  try {
    Require(!ParseJwks(json, "fuzz").empty());
  } catch (const Error& error) {
    Require(error.kind() == ErrorKind::kInvalidArgument);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text = AsText(Bytes(data, size));
  CheckToken(text);
  CheckSigned(text);
  CheckBase64(text);
  CheckSet(text);
  return 0;
}
