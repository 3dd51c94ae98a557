#include "base/checksum.h"

// Inlined: a call for each row would take as long as its checksum.
#define XXH_INLINE_ALL
#include <fmt/format.h>
#include <xxhash.h>

namespace shoestring {

namespace {

Uint128 FromHash(const XXH128_hash_t& hash) {
  return static_cast<Uint128>(hash.high64) << 64 | hash.low64;
}

std::optional<uint64_t> DigitOf(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return std::nullopt;
}

}  // namespace

std::string ToHex(Uint128 value) {
  return fmt::format("{:016x}{:016x}", static_cast<uint64_t>(value >> 64),
                     static_cast<uint64_t>(value));
}

std::optional<Uint128> ParseHex(std::string_view text) {
  constexpr size_t kDigits = 32;
  if (text.size() != kDigits) return std::nullopt;
  Uint128 value = 0;
  for (const char c : text) {
    const auto digit = DigitOf(c);
    if (!digit) return std::nullopt;
    value = value << 4 | *digit;
  }
  return value;
}

std::string ChecksumOf(std::string_view content) {
  return ToHex(FromHash(XXH3_128bits(content.data(), content.size())));
}

std::string ChecksumEnding(std::string_view text) {
  return fmt::format("  \"checksum\": \"{}\"\n}}\n", ChecksumOf(text));
}

bool HasChecksumEnding(std::string_view text) {
  const size_t size = ChecksumEnding("").size();
  if (text.size() < size) return false;
  const std::string_view body = text.substr(0, text.size() - size);
  return text.substr(body.size()) == ChecksumEnding(body);
}

struct Checksum::State {
  XXH3_state_t xxh3;
};

Checksum::Checksum() : state_(std::make_unique<State>()) {
  XXH3_128bits_reset(&state_->xxh3);
}

Checksum::~Checksum() = default;

void Checksum::Append(Bytes bytes) {
  XXH3_128bits_update(&state_->xxh3, bytes.data(), bytes.size());
}

Uint128 Checksum::Value() const { return FromHash(XXH3_128bits_digest(&state_->xxh3)); }

uint64_t ShortChecksumOf(Bytes bytes) { return XXH3_64bits(bytes.data(), bytes.size()); }

void RowSum::AddRow(Bytes image) {
  ++rows;
  sum += FromHash(XXH3_128bits(image.data(), image.size()));
}

}  // namespace shoestring
