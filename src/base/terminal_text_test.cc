#include "base/terminal_text.h"

#include <gtest/gtest.h>

namespace shoestring {
namespace {

TEST(TerminalText, KnowsWideCharactersAndThoseWithoutWidth) {
  EXPECT_EQ(DisplayWidth("abc"), 3);
  EXPECT_EQ(DisplayWidth("é"), 1);
  EXPECT_EQ(DisplayWidth("e\u0301"), 1);
  EXPECT_EQ(DisplayWidth("日本"), 4);
  EXPECT_EQ(DisplayWidth("🦆"), 2);
}

TEST(TerminalText, EscapesWhatATerminalWouldAct) {
  EXPECT_EQ(Printable("a\x1B[31m\r\t\x7F\u009B"), "a\\x1B[31m\\r\\t\\x7F\\x9B");
  EXPECT_EQ(Printable("two\nlines, é日"), "two\nlines, é日");
  EXPECT_EQ(Printable("no UTF-8: \x9B"), "no UTF-8: \\x9B");
}

TEST(TerminalText, CutsToAWidth) {
  EXPECT_EQ(CutToWidth("abc", 3), "abc");
  EXPECT_EQ(CutToWidth("abcd", 3), "ab…");
  EXPECT_EQ(CutToWidth("日本語", 4), "日…");
}

TEST(TerminalText, AlignsColumnsByTheirWidth) {
  EXPECT_EQ(
      AlignColumns({{"table", "rows", "by"}, {"日本", "1,000", ""}, {"t", "7", "d"}}, 1),
      "table   rows  by\n"
      "日本   1,000\n"
      "t          7  d\n");
}

}  // namespace
}  // namespace shoestring
