#include "sql/text_configuration.h"

#include <gmock/gmock.h>

#include "base/error.h"

namespace shoestring {
namespace {

using testing::ElementsAre;

TEST(TextConfiguration, SimpleKeepsWordsAsTheyAre) {
  EXPECT_THAT(TextConfiguration("simple").Lexemes("The Fat Rats"),
              ElementsAre(Lexeme{"the", 1}, Lexeme{"fat", 2}, Lexeme{"rats", 3}));
}

TEST(TextConfiguration, ALanguageHasStopWordsAndStems) {
  EXPECT_THAT(
      TextConfiguration("english").Lexemes("It's kind of fun to do the impossible"),
      ElementsAre(Lexeme{"kind", 3}, Lexeme{"fun", 5}, Lexeme{"imposs", 9}));
  EXPECT_THAT(TextConfiguration("pg_catalog.german").Lexemes("Spaß, das Unmögliche"),
              ElementsAre(Lexeme{"spass", 1}, Lexeme{"unmog", 3}));
  EXPECT_THAT(TextConfiguration("english").Lexemes("90210s"),
              ElementsAre(Lexeme{"90210s", 1}));
}

TEST(TextConfiguration, WordsInAsciiAreEnglishAmongRussianOnes) {
  EXPECT_THAT(TextConfiguration("russian").Lexemes("the cats и кошки"),
              ElementsAre(Lexeme{"cat", 2}, Lexeme{"кошк", 4}));
}

TEST(TextConfiguration, IsKnownByItsName) {
  EXPECT_TRUE(TextConfiguration::Exists("pg_catalog.french"));
  EXPECT_FALSE(TextConfiguration::Exists("klingon"));
  EXPECT_THROW(TextConfiguration("klingon"), Error);
}

}  // namespace
}  // namespace shoestring
