#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace shoestring {

enum class JwtAlgorithm { kHs256, kRs256, kEs256 };

/// Nothing for an algorithm that is not taken: "none" and all others.
std::optional<JwtAlgorithm> ParseJwtAlgorithm(std::string_view name);

/// A key that signatures of tokens are checked with, and the one algorithm that it is
/// for: what a token says of its algorithm never decides. Copies share the key.
class JwtKey {
 public:
  /// HS256. Throws kInvalidArgument for a secret of less than 32 bytes.
  static JwtKey FromSecret(std::string secret, std::string id = "");
  /// RS256, from modulus and exponent, big-endian. Nothing when they are no key, or one
  /// of less than 2048 bits.
  static std::optional<JwtKey> FromRsa(std::string_view modulus,
                                       std::string_view exponent, std::string id);
  /// ES256, from the coordinates of a point on P-256, 32 bytes each; nothing when it is
  /// not on it.
  static std::optional<JwtKey> FromPoint(std::string_view x, std::string_view y,
                                         std::string id);

  JwtAlgorithm algorithm() const { return algorithm_; }
  /// The "kid"; empty when it has none.
  const std::string& id() const { return id_; }

  bool Verifies(std::string_view content, std::string_view signature) const;

 private:
  struct Material;
  JwtKey(JwtAlgorithm algorithm, std::string id, std::shared_ptr<const Material> material)
      : algorithm_(algorithm), id_(std::move(id)), material_(std::move(material)) {}

  JwtAlgorithm algorithm_;
  std::string id_;
  std::shared_ptr<const Material> material_;
};

/// The keys of a JWK set, or of a single JWK (RFC 7517), that are for one of the three
/// algorithms; others are passed over. `name` is the document's, for errors. Throws
/// kInvalidArgument when it is none, or has no key of use.
std::vector<JwtKey> ParseJwks(std::string_view json, std::string_view name);

}  // namespace shoestring
