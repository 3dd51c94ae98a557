#include "api/base64url.h"

#include <array>
#include <cstdint>

namespace shoestring {

namespace {

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr int kBits = 6;
constexpr int8_t kNone = -1;

constexpr auto kValues = [] {
  std::array<int8_t, 256> values{};
  values.fill(kNone);
  for (size_t i = 0; i < kAlphabet.size(); ++i) {
    values.at(static_cast<unsigned char>(kAlphabet[i])) = static_cast<int8_t>(i);
  }
  return values;
}();

}  // namespace

std::optional<std::string> FromBase64Url(std::string_view text) {
  std::string bytes;
  bytes.reserve(text.size() * kBits / 8);
  uint32_t pending = 0;
  int pending_bits = 0;
  for (const char c : text) {
    const int8_t value = kValues.at(static_cast<unsigned char>(c));
    if (value == kNone) return std::nullopt;
    pending = (pending << kBits) | static_cast<uint32_t>(value);
    pending_bits += kBits;
    if (pending_bits < 8) continue;
    pending_bits -= 8;
    bytes.push_back(static_cast<char>(pending >> pending_bits));
    pending &= (1U << pending_bits) - 1;
  }
  if (pending_bits >= kBits || pending != 0) return std::nullopt;
  return bytes;
}

}  // namespace shoestring
