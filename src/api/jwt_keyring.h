#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "api/jwt.h"

namespace shoestring {

/// A JWK set that may change: where it stands, for errors, and how it is read.
struct JwksOrigin {
  std::string name;
  std::function<std::string()> read;
};

/// "https://…", or the name of a file. Throws kInvalidArgument for plain HTTP to another
/// machine: whoever stands on the way could put his own keys there.
JwksOrigin OpenJwks(const std::string& place);

/// The keys that tokens are verified with: fixed ones and those of a JWK set. The set is
/// read again every ten minutes, and when a token comes whose key is not among them, at
/// most every thirty seconds; while it cannot be read, the keys that were there stay.
/// Thread-safe.
class JwtKeyring {
 public:
  using Keys = std::vector<JwtKey>;

  explicit JwtKeyring(Keys fixed);
  /// Reads the set; throws what reading or ParseJwks() throws.
  JwtKeyring(Keys fixed, JwksOrigin origin, std::chrono::seconds now);

  /// True when there is no key at all, so that no token can be verified.
  bool empty() const { return !origin_.read && fixed_.empty(); }
  /// As VerifyJwt().
  std::string Verify(std::string_view token, const JwtRules& rules,
                     std::chrono::seconds now);

 private:
  std::shared_ptr<const Keys> Snapshot() const;
  std::shared_ptr<const Keys> Read() const;
  /// Reads the set if the last try is `age` or more ago; false when it was not replaced.
  bool Refresh(std::chrono::seconds now, std::chrono::seconds age);

  const Keys fixed_;
  const JwksOrigin origin_;
  std::mutex reading_;  ///< Held by whoever reads the set; nobody waits for it.
  std::chrono::seconds tried_{0};  ///< By reading_.
  mutable std::mutex mutex_;
  std::shared_ptr<const Keys> keys_;  ///< By mutex_.
};

}  // namespace shoestring
