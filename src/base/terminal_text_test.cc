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

TEST(TerminalText, InQuotesWhateverItsBytes) {
  EXPECT_EQ(InQuotes("plain é 日 \xF0\x9F\x98\x80"), "\"plain é 日 \xF0\x9F\x98\x80\"");
  EXPECT_EQ(InQuotes("a\"b\\c"), R"("a\"b\\c")");
  EXPECT_EQ(InQuotes("\n\x1B[m"), R"("\x0a\x1b[m")");
  EXPECT_EQ(InQuotes("\xC2\x85"), R"("\xc2\x85")");
  EXPECT_EQ(InQuotes("cut\xEC"), R"("cut\xec")");
  EXPECT_EQ(InQuotes("\xC0\x80 \xED\xA0\x80 \xF4\x90\x80\x80 \x88"),
            R"("\xc0\x80 \xed\xa0\x80 \xf4\x90\x80\x80 \x88")");
  EXPECT_EQ(InQuotes(""), R"("")");
}

}  // namespace
}  // namespace shoestring
