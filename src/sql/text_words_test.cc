#include "sql/text_words.h"

#include <gmock/gmock.h>

namespace shoestring {
namespace {

using testing::ElementsAre;

std::vector<std::string> Texts(std::string_view text) {
  std::vector<std::string> texts;
  for (const TextWord& word : WordsOf(text)) texts.push_back(word.text);
  return texts;
}

std::vector<int> Positions(std::string_view text) {
  std::vector<int> positions;
  for (const TextWord& word : WordsOf(text)) positions.push_back(word.position);
  return positions;
}

TEST(TextWords, AreLettersAndDigitsInLowerCase) {
  EXPECT_THAT(Texts("It's AT&T, foo_bar: 12th B2B"),
              ElementsAre("it", "s", "at", "t", "foo", "bar", "12th", "b2b"));
  EXPECT_THAT(Texts("ÉCLAIR Straße Ünmöglich 日本語 слово"),
              ElementsAre("éclair", "straße", "ünmöglich", "日本語", "слово"));
  EXPECT_THAT(Texts(" \xff\xc3 - "), ElementsAre());
}

TEST(TextWords, NumbersHaveASignAndPoints) {
  EXPECT_THAT(Texts("+5 -5 a-5 2021-01-14 3.5 1.2.3 .5 5. covid-19"),
              ElementsAre("+5", "-5", "a", "-5", "2021", "-01", "-14", "3.5", "1.2.3",
                          "5", "5", "covid", "-19"));
}

TEST(TextWords, AWordWithHyphensHasAPositionOfItsOwn) {
  EXPECT_THAT(Texts("a well-known x-y-z fact"),
              ElementsAre("a", "well", "known", "x", "y", "z", "fact"));
  EXPECT_THAT(Positions("a well-known x-y-z fact"), ElementsAre(1, 3, 4, 6, 7, 8, 9));
  EXPECT_THAT(Positions("a--b -c- d-"), ElementsAre(1, 2, 3, 4));
}

}  // namespace
}  // namespace shoestring
