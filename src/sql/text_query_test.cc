#include "sql/text_query.h"

#include <gmock/gmock.h>

#include "base/error.h"
#include "sql/text_match.h"

namespace shoestring {
namespace {

std::string Read(TextQueryForm form, std::string_view text,
                 std::string_view configuration = "english") {
  return FormatTextQuery(ReadTextQuery(form, text, TextConfiguration(configuration)));
}

TEST(TextQuery, IsReadAsToTsqueryReadsIt) {
  const struct {
    const char* text;
    const char* query;
  } cases[] = {
      {"fun & !possible | (Rats)", "( 'fun' & !'possibl' ) | 'rat'"},
      {"fat<->cats", "'fat' <-> 'cat'"},
      {"the <-> fat <-> of <-> cat <-> the", "'fat' <2> 'cat'"},
      {"fat <-> (cat | dog) <3> y", "'fat' <-> ( 'cat' | 'dog' ) <3> 'y'"},
      {"foo-bar & the", "'foo' <-> 'bar'"},
      {"'a b''s':*", "'b':*"},
      {"comp:*", "'comp':*"},
      {"!the", ""},
      {"the | !of", ""},
      {" ", ""},
  };
  for (const auto& [text, query] : cases) {
    EXPECT_EQ(Read(TextQueryForm::kQuery, text), query) << text;
  }
}

TEST(TextQuery, RefusesWhatToTsqueryRefuses) {
  for (const char* text : {"fat cat", "fat & & cat", "(a", "a)", "!", "&", "a <-1> b",
                           "a <x> b", "'a", "a:", "a:x", "a\\"}) {
    try {
      Read(TextQueryForm::kQuery, text);
      ADD_FAILURE() << text;
    } catch (const Error& error) {
      EXPECT_EQ(error.sqlstate(), "42601") << text;
    }
  }
  for (const char* text : {"rat:A", "a <-> !b"}) {
    try {
      Read(TextQueryForm::kQuery, text, "simple");
      ADD_FAILURE() << text;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kUnsupported) << text;
    }
  }
}

TEST(TextQuery, IsNotDeeperThanTheStack) {
  EXPECT_THROW(Read(TextQueryForm::kQuery, std::string(100'000, '(')), Error);
  EXPECT_THROW(Read(TextQueryForm::kQuery, std::string(100'000, '!') + "a"), Error);
  std::string deep = "a";
  for (int i = 0; i < 15; ++i) deep = "!(" + deep + " & b <-> c | d)";
  const std::string query = Read(TextQueryForm::kQuery, deep, "simple");
  EXPECT_EQ(FormatTextQuery(ParseTextQuery(query)), query);
}

TEST(TextQuery, HasWordsPhrasesAndWhatIsTypedIntoASearchBox) {
  EXPECT_EQ(Read(TextQueryForm::kPlain, "The Fat & Rats"), "'fat' & 'rat'");
  EXPECT_EQ(Read(TextQueryForm::kPhrase, "the fat of a cat"), "'fat' <3> 'cat'");
  EXPECT_EQ(Read(TextQueryForm::kWebSearch, R"("fat rats" OR -"the cat" dogs -cow)"),
            "( 'fat' <-> 'rat' ) | ( !'cat' & 'dog' & !'cow' )");
  EXPECT_EQ(Read(TextQueryForm::kWebSearch, R"(or stars - "unfinished quote)"),
            "'star' & !( 'unfinish' <-> 'quot' )");
  EXPECT_EQ(Read(TextQueryForm::kWebSearch, "- pot or ", "simple"), "!'pot' & 'or'");
}

TEST(TextQuery, ReadsItsOwnText) {
  for (const char* text :
       {"", "'it''s':*", R"('a\\b' & !( 'c' | 'd' ))", "'a' <-> ( 'b' | 'c' ) <3> 'd'"}) {
    EXPECT_EQ(FormatTextQuery(ParseTextQuery(text)), text);
  }
}

TEST(TextMatch, FindsWhatIsAskedFor) {
  const TextVector vector = ParseTextVector("'big':9 'cat':3 'fat':2,8 'rat':5 'bare'");
  for (const char* query :
       {"'cat'", "'ca':*", "'cat' & !'dog'", "'dog' | 'rat'", "'fat' <-> 'cat'",
        "'fat' <-> 'cat' <2> 'rat'", "'fat' <-> ( 'big' | 'cat' )",
        "( 'fat' & 'f':* ) <-> 'cat'", "'bare' & 'fat':* <-> 'big'", "'cat' <0> 'c':*"}) {
    EXPECT_TRUE(Matches(vector, ParseTextQuery(query))) << query;
  }
  for (const char* query :
       {"", "'dog'", "!'cat'", "'at':*", "'cat' <-> 'fat'", "'fat' <2> 'cat'",
        "'bare' <-> 'fat'", "( 'fat' & 'rat' ) <-> 'cat'", "'fat' <-> 'cat' <-> 'rat'"}) {
    EXPECT_FALSE(Matches(vector, ParseTextQuery(query))) << query;
  }
}

}  // namespace
}  // namespace shoestring
