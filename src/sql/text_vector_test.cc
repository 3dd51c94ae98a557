#include "sql/text_vector.h"

#include <gmock/gmock.h>

#include "base/error.h"

namespace shoestring {
namespace {

TEST(TextVector, IsWrittenAsPostgresWritesIt) {
  const TextConfiguration english("english");
  EXPECT_EQ(FormatTextVector(VectorOfText(english, "A fat cat sat, a fat rat")),
            "'cat':3 'fat':2,6 'rat':7 'sat':4");
  EXPECT_EQ(FormatTextVector(VectorOfText(english, "the")), "");
}

TEST(TextVector, HasTheStringsOfJsonWithGaps) {
  const TextConfiguration english("english");
  const char* json = R"({"a": ["ate", 1, {"c": "rats"}], "b": "fat cats"})";
  EXPECT_EQ(FormatTextVector(VectorOfJson(english, json)),
            "'ate':1 'cat':6 'fat':5 'rat':3");
  EXPECT_THROW(VectorOfJson(english, "{"), Error);
}

TEST(TextVector, ReadsWhatPostgresWrites) {
  const TextVector vector = ParseTextVector(R"('a\\b':1A,2 'c''d' 'e':16383)");
  EXPECT_EQ(vector, (TextVector{{R"(a\b)", {1, 2}}, {"c'd", {}}, {"e", {16383}}}));
  EXPECT_EQ(FormatTextVector(vector), R"('a\\b':1,2 'c''d' 'e':16383)");
}

TEST(TextVector, RefusesWhatIsNone) {
  for (const char* text : {"a", "'a", "'a':", "'a':0", "'a':x", "'a':16384", "'a':1,",
                           R"('\')", R"('a\b')"}) {
    EXPECT_THROW(ParseTextVector(text), Error) << text;
  }
}

}  // namespace
}  // namespace shoestring
