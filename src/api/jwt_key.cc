#include "api/jwt_key.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

#include <algorithm>

#include "api/base64url.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/json.h"

namespace shoestring {

namespace {

template <auto kFree>
struct Freed {
  template <typename T>
  void operator()(T* object) const {
    kFree(object);
  }
};

using Number = std::unique_ptr<BIGNUM, Freed<BN_free>>;
using PublicKey = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using KeyContext = std::unique_ptr<EVP_PKEY_CTX, Freed<EVP_PKEY_CTX_free>>;
using ParamBuilder = std::unique_ptr<OSSL_PARAM_BLD, Freed<OSSL_PARAM_BLD_free>>;
using Params = std::unique_ptr<OSSL_PARAM, Freed<OSSL_PARAM_free>>;
using Digester = std::unique_ptr<EVP_MD_CTX, Freed<EVP_MD_CTX_free>>;
using PointSignature = std::unique_ptr<ECDSA_SIG, Freed<ECDSA_SIG_free>>;

constexpr size_t kCoordinateBytes = 32;
constexpr size_t kSecretBytes = 32;
constexpr int kRsaBits = 2048;

const unsigned char* Data(std::string_view bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}

Number ToNumber(std::string_view bytes) {
  return Number(BN_bin2bn(Data(bytes), static_cast<int>(bytes.size()), nullptr));
}

/// nullptr when OpenSSL does not take the parameters for a key of this type.
PublicKey MakeKey(const char* type, OSSL_PARAM_BLD* builder) {
  const Params params(OSSL_PARAM_BLD_to_param(builder));
  const KeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
  EVP_PKEY* key = nullptr;
  if (!params || !context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, params.get()) != 1) {
    ERR_clear_error();
    return nullptr;
  }
  return PublicKey(key);
}

bool IsSound(EVP_PKEY* key) {
  const KeyContext context(EVP_PKEY_CTX_new_from_pkey(nullptr, key, nullptr));
  const bool sound = context && EVP_PKEY_public_check(context.get()) == 1;
  ERR_clear_error();
  return sound;
}

bool VerifyDigest(EVP_PKEY* key, std::string_view content, std::string_view signature) {
  const Digester digester(EVP_MD_CTX_new());
  const bool valid =
      digester &&
      EVP_DigestVerifyInit(digester.get(), nullptr, EVP_sha256(), nullptr, key) == 1 &&
      EVP_DigestVerify(digester.get(), Data(signature), signature.size(), Data(content),
                       content.size()) == 1;
  ERR_clear_error();
  return valid;
}

/// Tokens have two numbers of 32 bytes where OpenSSL wants them in DER; "" for others.
std::string DerOfPoint(std::string_view signature) {
  if (signature.size() != 2 * kCoordinateBytes) return "";
  const PointSignature point(ECDSA_SIG_new());
  Number r = ToNumber(signature.substr(0, kCoordinateBytes));
  Number s = ToNumber(signature.substr(kCoordinateBytes));
  if (!point || !r || !s || ECDSA_SIG_set0(point.get(), r.get(), s.get()) != 1) return "";
  (void)r.release();
  (void)s.release();
  unsigned char* der = nullptr;
  const int size = i2d_ECDSA_SIG(point.get(), &der);
  if (size <= 0) return "";
  std::string text(reinterpret_cast<const char*>(der), static_cast<size_t>(size));
  OPENSSL_free(der);
  return text;
}

std::string Field(const JsonView& key, std::string_view name) {
  const auto field = key.Find(name);
  return field ? std::string(field->Text()) : "";
}

/// Nothing when it is missing or no base64url.
std::optional<std::string> BytesField(const JsonView& key, std::string_view name) {
  const std::string text = Field(key, name);
  if (text.empty()) return std::nullopt;
  return FromBase64Url(text);
}

bool IsForSignatures(const JsonView& key, std::string_view algorithm) {
  const std::string use = Field(key, "use");
  const std::string named = Field(key, "alg");
  return (use.empty() || use == "sig") && (named.empty() || named == algorithm);
}

std::optional<JwtKey> SecretOf(const JsonView& key) {
  auto secret = BytesField(key, "k");
  if (!secret || !IsForSignatures(key, "HS256")) return std::nullopt;
  return JwtKey::FromSecret(*std::move(secret), Field(key, "kid"));
}

std::optional<JwtKey> RsaKeyOf(const JsonView& key) {
  const auto modulus = BytesField(key, "n");
  const auto exponent = BytesField(key, "e");
  if (!modulus || !exponent || !IsForSignatures(key, "RS256")) return std::nullopt;
  return JwtKey::FromRsa(*modulus, *exponent, Field(key, "kid"));
}

std::optional<JwtKey> PointOf(const JsonView& key) {
  const auto x = BytesField(key, "x");
  const auto y = BytesField(key, "y");
  if (!x || !y || Field(key, "crv") != "P-256" || !IsForSignatures(key, "ES256")) {
    return std::nullopt;
  }
  return JwtKey::FromPoint(*x, *y, Field(key, "kid"));
}

std::optional<JwtKey> KeyOf(const JsonView& key) {
  const std::string type = Field(key, "kty");
  if (type == "oct") return SecretOf(key);
  if (type == "RSA") return RsaKeyOf(key);
  if (type == "EC") return PointOf(key);
  return std::nullopt;
}

}  // namespace

struct JwtKey::Material {
  std::string secret;
  PublicKey key;
};

std::optional<JwtAlgorithm> ParseJwtAlgorithm(std::string_view name) {
  if (name == "HS256") return JwtAlgorithm::kHs256;
  if (name == "RS256") return JwtAlgorithm::kRs256;
  if (name == "ES256") return JwtAlgorithm::kEs256;
  return std::nullopt;
}

JwtKey JwtKey::FromSecret(std::string secret, std::string id) {
  if (secret.size() < kSecretBytes) {
    throw Fail(ErrorKind::kInvalidArgument,
               "A secret for tokens must have at least 32 bytes, this one has: {}",
               secret.size());
  }
  return {JwtAlgorithm::kHs256, std::move(id),
          std::make_shared<Material>(Material{std::move(secret), nullptr})};
}

std::optional<JwtKey> JwtKey::FromRsa(std::string_view modulus, std::string_view exponent,
                                      std::string id) {
  const Number n = ToNumber(modulus);
  const Number e = ToNumber(exponent);
  const ParamBuilder builder(OSSL_PARAM_BLD_new());
  if (!n || !e || !builder || BN_num_bits(n.get()) < kRsaBits ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n.get()) != 1 ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, e.get()) != 1) {
    return std::nullopt;
  }
  PublicKey key = MakeKey("RSA", builder.get());
  if (!key || !IsSound(key.get())) return std::nullopt;
  return JwtKey(JwtAlgorithm::kRs256, std::move(id),
                std::make_shared<Material>(Material{"", std::move(key)}));
}

std::optional<JwtKey> JwtKey::FromPoint(std::string_view x, std::string_view y,
                                        std::string id) {
  if (x.size() != kCoordinateBytes || y.size() != kCoordinateBytes) return std::nullopt;
  // Uncompressed, as OpenSSL takes it.
  const std::string point = '\x04' + std::string(x) + std::string(y);
  const ParamBuilder builder(OSSL_PARAM_BLD_new());
  if (!builder ||
      OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME,
                                      "prime256v1", 0) != 1 ||
      OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY,
                                       point.data(), point.size()) != 1) {
    return std::nullopt;
  }
  PublicKey key = MakeKey("EC", builder.get());
  if (!key || !IsSound(key.get())) return std::nullopt;
  return JwtKey(JwtAlgorithm::kEs256, std::move(id),
                std::make_shared<Material>(Material{"", std::move(key)}));
}

bool JwtKey::Verifies(std::string_view content, std::string_view signature) const {
  switch (algorithm_) {
    case JwtAlgorithm::kHs256: {
      const std::string right = HmacSha256(material_->secret, content);
      return signature.size() == right.size() &&
             CRYPTO_memcmp(signature.data(), right.data(), right.size()) == 0;
    }
    case JwtAlgorithm::kRs256:
      return VerifyDigest(material_->key.get(), content, signature);
    case JwtAlgorithm::kEs256: {
      const std::string der = DerOfPoint(signature);
      return !der.empty() && VerifyDigest(material_->key.get(), content, der);
    }
  }
  return false;
}

std::vector<JwtKey> ParseJwks(std::string_view json, std::string_view name) {
  std::vector<JwtKey> keys;
  try {
    const auto document = ParseJson(json, name);
    const JsonView root(document, std::string(name));
    const auto set = root.Find("keys");
    for (const JsonView& item : set ? set->Items() : std::vector{root}) {
      if (auto key = KeyOf(item)) keys.push_back(*std::move(key));
    }
  } catch (const Error& error) {
    throw Error(ErrorKind::kInvalidArgument, error.what());
  }
  if (keys.empty()) {
    throw Fail(ErrorKind::kInvalidArgument,
               "No key for RS256 (2048 bits or more), ES256 or HS256 is in: {}", name);
  }
  return keys;
}

}  // namespace shoestring
