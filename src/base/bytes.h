#pragma once

#include <bit>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

namespace shoestring {

using Bytes = std::span<const uint8_t>;

/// Reads a big-endian integer; `from` must hold sizeof(T) bytes.
template <std::integral T>
T LoadBigEndian(const uint8_t* from) {
  std::make_unsigned_t<T> value;
  std::memcpy(&value, from, sizeof(T));
  if constexpr (std::endian::native == std::endian::little) {
    if constexpr (sizeof(T) == 2) value = __builtin_bswap16(value);
    if constexpr (sizeof(T) == 4) value = __builtin_bswap32(value);
    if constexpr (sizeof(T) == 8) value = __builtin_bswap64(value);
  }
  return static_cast<T>(value);
}

/// Appends an integer in big-endian order.
template <std::integral T>
void AppendBigEndian(std::string* to, T value) {
  for (int shift = 8 * (static_cast<int>(sizeof(T)) - 1); shift >= 0; shift -= 8) {
    to->push_back(
        static_cast<char>(static_cast<std::make_unsigned_t<T>>(value) >> shift));
  }
}

inline Bytes AsBytes(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

inline std::string_view AsText(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace shoestring
