#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace shoestring {

/// A word of a text, in lower case.
struct TextWord {
  std::string text;
  bool has_digit = false;
  bool is_ascii = true;
  int position = 0;  ///< From 1.
};

/// What Postgres' parser finds in a text, as far as it is words and numbers: "-5", "3.5".
/// The parts of "well-known" come after a position that is the whole's. Bytes that are no
/// UTF-8 are no words.
std::vector<TextWord> WordsOf(std::string_view text);

}  // namespace shoestring
