#include "base/utf8.h"

#include <gtest/gtest.h>

namespace shoestring {
namespace {

TEST(Utf8, FirstCharacter) {
  const struct {
    std::string_view text;
    char32_t point;
    size_t bytes;
  } cases[] = {{"az", 'a', 1},
               {std::string_view("\0", 1), 0, 1},
               {"\x7F", 0x7F, 1},
               {"\xC2\x80", 0x80, 2},
               {"\xC3\xA9t\xC3\xA9", 0xE9, 2},
               {"\xE0\xA0\x80", 0x800, 3},
               {"\xED\x9F\xBF", 0xD7FF, 3},
               {"\xEE\x80\x80", 0xE000, 3},
               {"\xF0\x90\x80\x80", 0x10000, 4},
               {"\xF4\x8F\xBF\xBF", 0x10FFFF, 4}};
  for (const auto& [text, point, bytes] : cases) {
    EXPECT_EQ(FirstCharacter(text).point, point) << text;
    EXPECT_EQ(FirstCharacter(text).bytes, bytes) << text;
    std::string written = "<";
    AppendUtf8(point, &written);
    EXPECT_EQ(written, "<" + std::string(text.substr(0, bytes)));
  }
}

TEST(Utf8, NoCharacter) {
  for (const char* text : {"", "\x80", "\xC0\x80", "\xC1\xBF", "\xC3", "\xC3z",
                           "\xE0\x9F\xBF", "\xED\xA0\x80", "\xE2\x82", "\xF0\x8F\xBF\xBF",
                           "\xF4\x90\x80\x80", "\xF8\x88\x80\x80\x80", "\xFF"}) {
    EXPECT_EQ(FirstCharacter(text).bytes, 0U) << text;
  }
}

}  // namespace
}  // namespace shoestring
