#include "base/utf8.h"

#include <array>
#include <cstdint>

namespace shoestring {

Utf8Character FirstCharacter(std::string_view text) {
  if (text.empty()) return {};
  constexpr std::array<char32_t, 5> kLeast = {0, 0, 0x80, 0x800, 0x10000};
  const auto first = static_cast<uint8_t>(text[0]);
  if (first < 0x80) return {first, 1};
  const size_t length = (first & 0xE0) == 0xC0   ? 2
                        : (first & 0xF0) == 0xE0 ? 3
                        : (first & 0xF8) == 0xF0 ? 4
                                                 : 0;
  if (length == 0 || length > text.size()) return {};
  char32_t point = first & (0xFF >> (length + 1));
  for (size_t i = 1; i < length; ++i) {
    const auto byte = static_cast<uint8_t>(text[i]);
    if ((byte & 0xC0) != 0x80) return {};
    point = point << 6 | (byte & 0x3F);
  }
  const bool surrogate = point >= 0xD800 && point < 0xE000;
  if (point < kLeast[length] || point > 0x10FFFF || surrogate) return {};
  return {point, length};
}

void AppendUtf8(char32_t point, std::string* text) {
  const auto add = [&](char32_t byte) { text->push_back(static_cast<char>(byte)); };
  const auto follow = [&](int shift) { add(0x80 | (point >> shift & 0x3F)); };
  if (point < 0x80) return add(point);
  if (point < 0x800) {
    add(0xC0 | point >> 6);
  } else if (point < 0x10000) {
    add(0xE0 | point >> 12);
    follow(6);
  } else {
    add(0xF0 | point >> 18);
    follow(12);
    follow(6);
  }
  follow(0);
}

}  // namespace shoestring
