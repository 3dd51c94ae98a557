#include "base/digest.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/error.h"

namespace shoestring {

namespace {

/// Empty when OpenSSL does not have the digest.
std::string Digest(std::string_view content, const EVP_MD* kind) {
  std::string digest(EVP_MAX_MD_SIZE, '\0');
  unsigned int size = 0;
  if (EVP_Digest(content.data(), content.size(),
                 reinterpret_cast<unsigned char*>(digest.data()), &size, kind,
                 nullptr) != 1) {
    return "";
  }
  digest.resize(size);
  return digest;
}

}  // namespace

std::string Sha256(std::string_view content) {
  std::string digest = Digest(content, EVP_sha256());
  if (digest.empty()) throw Fail(ErrorKind::kInternal, "OpenSSL has no SHA-256");
  return digest;
}

std::string HmacSha256(std::string_view key, std::string_view content) {
  std::string digest(EVP_MAX_MD_SIZE, '\0');
  unsigned int size = 0;
  if (HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
           reinterpret_cast<const unsigned char*>(content.data()), content.size(),
           reinterpret_cast<unsigned char*>(digest.data()), &size) == nullptr) {
    throw Fail(ErrorKind::kInternal, "OpenSSL has no HMAC with SHA-256");
  }
  digest.resize(size);
  return digest;
}

std::string Md5(std::string_view content) { return Digest(content, EVP_md5()); }

std::string HexOf(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string hex;
  hex.reserve(2 * bytes.size());
  for (const char byte : bytes) {
    hex.push_back(kDigits[static_cast<unsigned char>(byte) >> 4]);
    hex.push_back(kDigits[static_cast<unsigned char>(byte) & 15]);
  }
  return hex;
}

std::string Base64Of(std::string_view bytes) {
  std::string text(4 * ((bytes.size() + 2) / 3), '\0');
  EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                  reinterpret_cast<const unsigned char*>(bytes.data()),
                  static_cast<int>(bytes.size()));
  return text;
}

}  // namespace shoestring
