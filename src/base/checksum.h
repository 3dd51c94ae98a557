#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace shoestring {

// Checksums against accidents, not against forgers: XXH3 with 128 bits.

using Uint128 = unsigned __int128;

/// 32 lower-case hexadecimal digits, and back; nothing for any other text.
std::string ToHex(Uint128 value);
std::optional<Uint128> ParseHex(std::string_view text);

/// The checksum of an object's bytes, as ToHex() writes it.
std::string ChecksumOf(std::string_view content);

/// The end of a JSON document that checks itself: the checksum of all bytes before the
/// line that it stands on, and the closing brace.
std::string ChecksumEnding(std::string_view text);
/// True when a document has the ending of what stands before it.
bool HasChecksumEnding(std::string_view text);

/// That of bytes that come in pieces.
class Checksum {
 public:
  Checksum();
  ~Checksum();

  void Append(Bytes bytes);
  Uint128 Value() const;
  std::string Hex() const { return ToHex(Value()); }

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// A checksum of 64 bits, for small pieces of something.
uint64_t ShortChecksumOf(Bytes bytes);

/// What a set of rows comes to, in whatever order: how many they are, and the sum of the
/// checksums of their images modulo 2^128. docs/formats.md says what an image is.
struct RowSum {
  int64_t rows = 0;
  Uint128 sum = 0;

  void AddRow(Bytes image);
  RowSum& operator+=(const RowSum& other) {
    rows += other.rows;
    sum += other.sum;
    return *this;
  }
  bool operator==(const RowSum&) const = default;
};

}  // namespace shoestring
