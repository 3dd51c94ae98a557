#include "api/authenticator.h"

#include <openssl/crypto.h>

#include <algorithm>
#include <boost/json/object.hpp>
#include <cctype>

#include "api/api_error.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/json.h"

namespace shoestring {

namespace {

constexpr int kUnauthorized = 401;
constexpr size_t kShortestKey = 16;
constexpr std::string_view kSection = "serve";
constexpr std::string_view kKeyParameter = "apikey=";

ApiError Invalid(const std::string& message, std::string hint) {
  return ApiError(kUnauthorized, "PGRST301", message)
      .WithHint(std::move(hint))
      .WithHeader("WWW-Authenticate", R"(Bearer error="invalid_token")");
}

std::vector<std::string_view> Parameters(std::string_view query) {
  std::vector<std::string_view> parameters;
  while (!query.empty()) {
    const size_t end = std::min(query.find('&'), query.size());
    parameters.push_back(query.substr(0, end));
    query.remove_prefix(std::min(end + 1, query.size()));
  }
  return parameters;
}

/// Keys have no characters that a client would encode.
std::string ShownKey(const ApiRequest& request) {
  if (auto header = request.Header("apikey")) return *std::move(header);
  for (const std::string_view parameter : Parameters(request.query)) {
    if (parameter.starts_with(kKeyParameter)) {
      return std::string(parameter.substr(kKeyParameter.size()));
    }
  }
  return "";
}

/// Nothing without "Bearer", in any case, which other schemes do not concern.
std::optional<std::string> ShownToken(const ApiRequest& request) {
  constexpr std::string_view kScheme = "bearer";
  const auto header = request.Header("authorization");
  if (!header || header->size() < kScheme.size()) return std::nullopt;
  const bool bearer = std::ranges::equal(
      header->substr(0, kScheme.size()), kScheme,
      [](unsigned char a, unsigned char b) { return std::tolower(a) == b; });
  const std::string rest = header->substr(kScheme.size());
  if (!bearer || (!rest.empty() && rest.front() != ' ')) return std::nullopt;
  return rest.substr(std::min(rest.find_first_not_of(' '), rest.size()));
}

bool IsNewForm(std::string_view shown) { return shown.starts_with("sb_"); }

/// Empty when it is not set.
std::string FindKey(const Settings& settings, std::string_view name) {
  std::string key = settings.FindSecret(kSection, name).value_or("");
  if (!key.empty() && key.size() < kShortestKey) {
    throw Fail(ErrorKind::kInvalidArgument,
               "A key that can be guessed is none: it needs at least {} characters: {}",
               kShortestKey, name);
  }
  return key;
}

void AddKey(const Settings& settings, std::string_view name,
            std::vector<std::string>* keys) {
  std::string key = FindKey(settings, name);
  if (!key.empty()) keys->push_back(std::move(key));
}

/// In a time that does not depend on what they are.
bool SameDigest(const std::string& a, const std::string& b) {
  return CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

JwtKeyring::Keys FixedKeys(const Settings& settings) {
  const auto secret = settings.FindSecret(kSection, "jwt_secret");
  if (!secret || secret->empty()) return {};
  return {JwtKey::FromSecret(*secret)};
}

}  // namespace

bool AuthOptions::closed() const {
  return !anonymous && anon_keys.empty() && service_keys.empty() && keyring->empty();
}

AuthOptions ReadAuthOptions(const Settings& settings, std::chrono::seconds now) {
  AuthOptions options;
  for (const auto* name : {"anon_key", "publishable_key"}) {
    AddKey(settings, name, &options.anon_keys);
  }
  for (const auto* name : {"service_key", "secret_key"}) {
    AddKey(settings, name, &options.service_keys);
  }
  const auto jwks = settings.Find(kSection, "jwks");
  options.keyring =
      jwks ? std::make_shared<JwtKeyring>(FixedKeys(settings), OpenJwks(*jwks), now)
           : std::make_shared<JwtKeyring>(FixedKeys(settings));
  options.rules.audience = settings.Get(kSection, "jwt_audience", "");
  options.anonymous = settings.Get(kSection, "anonymous", "false") == "true";
  options.origin_secret = FindKey(settings, "origin_secret");
  return options;
}

Authenticator::Authenticator(const AuthOptions& options)
    : keyring_(options.keyring),
      rules_(options.rules),
      anonymous_(options.anonymous),
      origin_digest_(options.origin_secret.empty() ? "" : Sha256(options.origin_secret)) {
  for (const auto& key : options.anon_keys) keys_.push_back({Sha256(key), kAnonRole});
  for (const auto& key : options.service_keys) {
    keys_.push_back({Sha256(key), kServiceRole});
  }
}

void Authenticator::CheckOrigin(const ApiRequest& request) const {
  constexpr int kForbidden = 403;
  if (origin_digest_.empty()) return;
  const std::string shown = request.Header(kOriginHeader).value_or("");
  if (SameDigest(origin_digest_, Sha256(shown))) return;
  throw ApiError(kForbidden, "42501", "Requests have to come by way of the proxy")
      .WithHint("Ask at the address of the proxy that stands before this server.");
}

Caller Authenticator::Identify(const ApiRequest& request,
                               std::chrono::seconds now) const {
  const std::string key = ShownKey(request);
  const auto token = ShownToken(request);
  std::optional<Caller> caller;
  if (!key.empty()) {
    caller = ByKey(key);
    if (!caller && !IsNewForm(key)) caller = ByToken(key, now);
    if (!caller) {
      throw Invalid("Invalid API key",
                    "Double check the anon or service key; keys can be changed.");
    }
  }
  if (token && (*token != key || key.empty())) {
    caller = ByKey(*token);
    if (!caller) caller = ByToken(*token, now);
  }
  if (!caller && anonymous_) caller = Caller();
  if (caller) return *std::move(caller);
  throw ApiError(kUnauthorized, "PGRST302", "Anonymous access is disabled")
      .WithHint("No `apikey` request header or url param was found.")
      .WithHeader("WWW-Authenticate", "Bearer");
}

std::optional<Caller> Authenticator::ByKey(std::string_view shown) const {
  const std::string digest = Sha256(shown);
  std::optional<Caller> caller;
  for (const KnownKey& key : keys_) {
    // All are compared, so that the time says nothing about any.
    if (SameDigest(key.digest, digest)) caller = Caller{std::string(key.role), "{}"};
  }
  return caller;
}

Caller Authenticator::ByToken(std::string_view token, std::chrono::seconds now) const {
  if (keyring_->empty()) {
    throw Invalid("Invalid API key",
                  "It is none of the keys, and tokens need jwt_secret or jwks.");
  }
  Caller caller;
  caller.claims = keyring_->Verify(token, rules_, now);
  const auto claims = ParseJson(caller.claims, "token");
  const boost::json::value* role = claims.as_object().if_contains("role");
  if (role != nullptr && role->is_string()) caller.role = role->as_string();
  return caller;
}

std::string WithoutApikey(std::string_view query) {
  std::string rest;
  for (const std::string_view parameter : Parameters(query)) {
    if (parameter.starts_with(kKeyParameter)) continue;
    if (!rest.empty()) rest += '&';
    rest += parameter;
  }
  return rest;
}

}  // namespace shoestring
