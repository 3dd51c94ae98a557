#include "api/jwt.h"

#include <boost/json/object.hpp>

#include <algorithm>
#include <array>
#include <optional>

#include "api/api_error.h"
#include "api/base64url.h"
#include "base/json.h"

namespace shoestring {

namespace {

namespace json = boost::json;

constexpr int kUnauthorized = 401;
constexpr size_t kParts = 3;

ApiError Refuse(std::string_view code, const std::string& message) {
  return ApiError(kUnauthorized, std::string(code), message)
      .WithHeader("WWW-Authenticate",
                  fmt::format(R"(Bearer error="invalid_token", error_description="{}")",
                              message));
}

ApiError NoKey(std::string details) {
  return Refuse("PGRST301", std::string(kNoJwtKey)).WithDetails(std::move(details));
}

ApiError BadClaim(const std::string& message) { return Refuse("PGRST303", message); }

/// A token's parts as they stand in it.
struct Parts {
  std::string_view header;
  std::string_view payload;
  std::string_view signature;
  std::string_view signed_text;  ///< Header and payload, with the dot between.
};

Parts Split(std::string_view token) {
  if (token.empty()) {
    throw Refuse("PGRST301", "Empty JWT is sent in Authorization header");
  }
  const size_t parts = 1 + static_cast<size_t>(std::ranges::count(token, '.'));
  if (parts != kParts) {
    throw Refuse("PGRST301", fmt::format("Expected 3 parts in JWT; got {}", parts));
  }
  const size_t first = token.find('.');
  const size_t second = token.find('.', first + 1);
  return {token.substr(0, first), token.substr(first + 1, second - first - 1),
          token.substr(second + 1), token.substr(0, second)};
}

/// Nothing when it is no base64url of a JSON object.
std::optional<json::object> ParseObject(const std::optional<std::string>& text) {
  if (!text) return std::nullopt;
  try {
    json::value value = ParseJson(*text, "token");
    if (value.is_object()) return std::move(value.as_object());
  } catch (const Error&) {  // No JSON: the caller says so in PostgREST's words.
    return std::nullopt;
  }
  return std::nullopt;
}

std::string_view TextOf(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  const json::string* text = value == nullptr ? nullptr : value->if_string();
  return text == nullptr ? std::string_view()
                         : std::string_view(text->data(), text->size());
}

/// The algorithm that the token was signed with, by its own word.
JwtAlgorithm AlgorithmOf(const json::object& header) {
  const auto algorithm = ParseJwtAlgorithm(TextOf(header, "alg"));
  // "crit" names extensions that must be understood, and none is here.
  if (!algorithm || header.contains("crit")) {
    throw Refuse("PGRST301", "Wrong or unsupported encoding algorithm");
  }
  return *algorithm;
}

/// A key is tried when it is for the token's algorithm and has its id, or one of the two
/// has none.
bool Fits(const JwtKey& key, JwtAlgorithm algorithm, std::string_view id) {
  return key.algorithm() == algorithm &&
         (id.empty() || key.id().empty() || key.id() == id);
}

void CheckSignature(const Parts& parts, std::span<const JwtKey> keys) {
  const auto header = ParseObject(FromBase64Url(parts.header));
  const auto signature = FromBase64Url(parts.signature);
  if (!header || !signature) {
    throw Refuse("PGRST301", "JWT cryptographic operation failed");
  }
  const JwtAlgorithm algorithm = AlgorithmOf(*header);
  const std::string_view id = TextOf(*header, "kid");
  const bool verified = std::ranges::any_of(keys, [&](const JwtKey& key) {
    return Fits(key, algorithm, id) && key.Verifies(parts.signed_text, *signature);
  });
  if (!verified) throw NoKey("None of the keys was able to decode the JWT");
}

/// A time in seconds since 1970; nothing when the claim is missing or null.
std::optional<double> TimeClaim(const json::object& claims, std::string_view name) {
  const json::value* value = claims.if_contains(name);
  if (value == nullptr || value->is_null()) return std::nullopt;
  if (!value->is_number()) {
    throw BadClaim(fmt::format("The JWT '{}' claim must be a number", name));
  }
  return value->to_number<double>();
}

void CheckTimes(const json::object& claims, const JwtRules& rules,
                std::chrono::seconds now) {
  const auto earliest = static_cast<double>((now - rules.skew).count());
  const auto latest = static_cast<double>((now + rules.skew).count());
  const auto expires = TimeClaim(claims, "exp");
  if (expires && *expires < earliest) throw BadClaim("JWT expired");
  const auto begins = TimeClaim(claims, "nbf");
  if (begins && *begins > latest) throw BadClaim("JWT not yet valid");
  const auto issued = TimeClaim(claims, "iat");
  if (issued && *issued > latest) throw BadClaim("JWT issued at future");
}

void CheckAudience(const json::object& claims, const JwtRules& rules) {
  const json::value* value = claims.if_contains("aud");
  json::array named;
  if (value != nullptr && value->is_array()) named = value->as_array();
  if (value != nullptr && value->is_string()) named.push_back(*value);
  const bool texts = std::ranges::all_of(named, &json::value::is_string);
  if (!texts || (value != nullptr && !value->is_null() && !value->is_array() &&
                 !value->is_string())) {
    throw BadClaim("The JWT 'aud' claim must be a string or an array of strings");
  }
  const auto is_ours = [&](const json::value& name) {
    return name.as_string() == rules.audience;
  };
  if (!rules.audience.empty() && std::ranges::none_of(named, is_ours)) {
    throw BadClaim("JWT not in audience");
  }
}

}  // namespace

std::string VerifyJwt(std::string_view token, std::span<const JwtKey> keys,
                      const JwtRules& rules, std::chrono::seconds now) {
  const Parts parts = Split(token);
  CheckSignature(parts, keys);
  auto payload = FromBase64Url(parts.payload);
  const auto claims = ParseObject(payload);
  if (!claims) throw BadClaim("Parsing claims failed");
  CheckTimes(*claims, rules, now);
  CheckAudience(*claims, rules);
  return *std::move(payload);
}

}  // namespace shoestring
