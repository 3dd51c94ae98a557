#pragma once

#include <chrono>
#include <span>
#include <string>
#include <string_view>

#include "api/jwt_key.h"

namespace shoestring {

/// What a token must be besides signed.
struct JwtRules {
  std::string audience;           ///< That "aud" must name; empty: it is not looked at.
  std::chrono::seconds skew{30};  ///< By which clocks may differ.
};

/// The message of the refusal of a token that none of the keys has signed.
inline constexpr std::string_view kNoJwtKey = "No suitable key or wrong key type";

/// The claims of a token, a JSON object as it was signed, when one of the keys has signed
/// it and it holds at `now` (since 1970). Pure. Throws ApiError as PostgREST words it:
/// PGRST301 for what is no token of ours, PGRST303 for its claims.
std::string VerifyJwt(std::string_view token, std::span<const JwtKey> keys,
                      const JwtRules& rules, std::chrono::seconds now);

}  // namespace shoestring
