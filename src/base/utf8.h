#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace shoestring {

/// A code point, and the bytes that it takes.
struct Utf8Character {
  char32_t point = 0;
  size_t bytes = 0;
};

/// What a text begins with; of 0 bytes when that is no UTF-8, as overlong forms and
/// surrogates are not, or when there is nothing.
Utf8Character FirstCharacter(std::string_view text);

/// The other way round; `point` is a character.
void AppendUtf8(char32_t point, std::string* text);

}  // namespace shoestring
