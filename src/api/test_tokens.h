// Keys and tokens that Python's cryptography package made: an independent judge of ours.
#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>

#include "base/digest.h"

namespace shoestring {

constexpr std::string_view kTestModulus =
    "qGcwnWvICFnLV75u06OXKhTHUasWHQlm7Kxq1EIu320lM2R_Rq8Zgrq3s32v8ZFRksM3VFh_1V"
    "0eyNB6cnII6mvtlmBV4LdXFDzFPmY8xp17oNthpnKsfvRmeqRoSM0QX5xuFB3ksKMFiStGpv_P"
    "N7yo9_zo56rv_vvmb5stRLP_qNtrItA7TuJimKc2p6PkBa7kXIihho-A_1qqnm0bzMpv2UPOI5"
    "Bba1Om97tXnWHBnuiN1gc3Gub6c4T-b-DJw_EDmCGoRxWVSBNyQhJqQe8EGybKPisq07MlLNWx"
    "n4J9TIIrJ-61mnPoIgyZ6MnPhZlObTzE-IZ1BZRd64qRvw";
constexpr std::string_view kSmallModulus =
    "6n-qX1VkGvaS9POZ4Z7rCG041QYQ0NTuo-UIbN6I5JrosnUDizyDaNxXJQe4pMZQF6C8uQaRXe"
    "I1FLJ0nNMBaO0mSWpBbXl3myTTnnx6Pp70gc_DmZKGVYCoq04qGMTz972twx3OOvH4DuFbyNTX"
    "GkQx989j7EQ-ZmY-liDntXc";
constexpr std::string_view kTestX = "YXhcmCs5CocAncmuJwyhvKY3czQeKuJZDqr3ZDjvFCY";
constexpr std::string_view kTestY = "l9lZzKbFGZVsOSEtw1UfS6iruK-kOtpGonCzFX5xpek";
/// {"sub":"7","role":"authenticated","exp":2000000000}, key "r".
constexpr std::string_view kRsToken =
    "eyJhbGciOiAiUlMyNTYiLCAia2lkIjogInIifQ.eyJzdWIiOiI3Iiwicm9sZSI6ImF1dGhlbnR"
    "pY2F0ZWQiLCJleHAiOjIwMDAwMDAwMDB9.bbZN1ASPrhuRdBaNNDLfIDIQTWmdNVBiflOx9Bx3"
    "QMVQHuXh12kNu7CircHcBXil4_PzyWsZxJOKV_LlfuuKiqrPKXCSyGfS7Le2x8kJN4D-tWc7RN"
    "hsXWpM7U9pBCv6SC53_e7zTpN5JsCugSsZWNhVukrNv0w7kqOMdNgjF5txwCP6kWOwkymEm05Z"
    "G37B4tJp2g-mYx1U056I8gU140S5-JFaMcP9oVwSD8fUu0a0GSOJYrdzu0ruEh-c6yUPiyj9Rx"
    "g-xGsjhsLsPzZwau0UG24UQm12Q8VYmQ4vaNeqk1IPY_5o3ELKA90D7QbOJK23xQ-Fnq6AJ1Li"
    "AaUp4g";
/// The same, key "e".
constexpr std::string_view kEsToken =
    "eyJhbGciOiAiRVMyNTYiLCAia2lkIjogImUifQ.eyJzdWIiOiI3Iiwicm9sZSI6ImF1dGhlbnR"
    "pY2F0ZWQiLCJleHAiOjIwMDAwMDAwMDB9.F-srFkjWqFYvG9rEKeelNh5BU3JSEmNm4h4BGgBu"
    "Euymd3UK06rz4aGb6aXRUaf0fIcvn017DzIxyN6a4a3Fxw";
constexpr std::string_view kTestSecret = "a secret of at least thirty-two bytes";

/// The set that verifies both.
inline std::string TestJwks() {
  return fmt::format(
      R"({{"keys":[{{"kty":"RSA","kid":"r","alg":"RS256","use":"sig","n":"{}","e":"AQAB"}},)"
      R"({{"kty":"EC","kid":"e","crv":"P-256","x":"{}","y":"{}"}}]}})",
      kTestModulus, kTestX, kTestY);
}

inline std::string ToBase64Url(std::string_view bytes) {
  std::string text = Base64Of(bytes);
  for (char& c : text) c = c == '+' ? '-' : c == '/' ? '_' : c;
  return text.substr(0, text.find('='));
}

inline std::string SignToken(std::string_view claims,
                             std::string_view header = R"({"alg":"HS256"})",
                             std::string_view secret = kTestSecret) {
  const std::string text = ToBase64Url(header) + "." + ToBase64Url(claims);
  return text + "." + ToBase64Url(HmacSha256(secret, text));
}

}  // namespace shoestring
