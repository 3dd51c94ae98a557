#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/jwt_keyring.h"
#include "api/message.h"
#include "base/settings.h"

namespace shoestring {

inline constexpr std::string_view kAnonRole = "anon";
inline constexpr std::string_view kServiceRole = "service_role";
/// In which a proxy shows the secret that it shares with the server.
inline constexpr std::string_view kOriginHeader = "x-origin-secret";

/// Who asks, by key and token.
struct Caller {
  std::string role = std::string(kAnonRole);
  std::string claims = "{}";  ///< Of the token, a JSON object.

  bool is_service() const { return role == kServiceRole; }
};

struct AuthOptions {
  std::vector<std::string> anon_keys;  ///< In any form: a JWT, "sb_publishable_…".
  std::vector<std::string> service_keys;
  std::shared_ptr<JwtKeyring> keyring;
  JwtRules rules;
  bool anonymous = false;  ///< Who shows nothing has the role anon.
  /// What each request must show in `kOriginHeader`; empty: nothing.
  std::string origin_secret;

  /// True when nobody could come in.
  bool closed() const;
};

/// From the section [serve], its secrets from the environment or files; reads the JWK
/// set. Throws kInvalidArgument for a key or secret that is too short.
AuthOptions ReadAuthOptions(const Settings& settings, std::chrono::seconds now);

/// Tells callers apart as Supabase's gateway and PostgREST do together. Thread-safe.
class Authenticator {
 public:
  explicit Authenticator(const AuthOptions& options);

  /// Throws ApiError, 403, for a request that did not come through the proxy that knows
  /// the secret of the origin.
  void CheckOrigin(const ApiRequest& request) const;
  /// A token of "Authorization: Bearer" goes before the key of "apikey", in header or
  /// query. Throws ApiError, 401, for what is wrong or missing. May read the JWK set.
  Caller Identify(const ApiRequest& request, std::chrono::seconds now) const;

 private:
  struct KnownKey {
    std::string digest;  ///< Keys are compared, and kept, as digests.
    std::string_view role;
  };

  std::optional<Caller> ByKey(std::string_view shown) const;
  Caller ByToken(std::string_view token, std::chrono::seconds now) const;

  std::vector<KnownKey> keys_;
  const std::shared_ptr<JwtKeyring> keyring_;
  const JwtRules rules_;
  const bool anonymous_;
  const std::string origin_digest_;  ///< Empty: requests may come from anywhere.
};

/// The query without its parameters "apikey": nobody else is to see them.
std::string WithoutApikey(std::string_view query);

}  // namespace shoestring
