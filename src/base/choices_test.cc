#include "base/choices.h"

#include <gtest/gtest.h>

namespace shoestring {
namespace {

using Names = std::vector<std::vector<std::string>>;

TEST(ChoicesTest, TakeOneOfEach) {
  EXPECT_EQ(Choices({{"a"}, {"b", "c"}}), (Names{{"a", "b"}, {"a", "c"}}));
  EXPECT_EQ(Choices({{"a", "b"}}), (Names{{"a"}, {"b"}}));
  EXPECT_EQ(Choices({{"a"}, {}, {"b"}}), Names());
  EXPECT_EQ(Choices({}), Names{{}});
}

TEST(ChoicesTest, AreOfWhatIsKnown) {
  EXPECT_EQ(ChoicesFor({"x", "y"}, {{"x", {"a"}}, {"y", {"b", "c"}}, {"z", {}}}),
            (Names{{"a", "b"}, {"a", "c"}}));
  EXPECT_EQ(ChoicesFor({"x", "y"}, {{"x", {"a"}}}), Names());
}

TEST(ChoicesTest, AreNotWithoutEnd) {
  const std::vector<std::string> many(1000, "a");
  EXPECT_EQ(Choices({many, many, many, many}), Names(kMostChoices, {"a", "a", "a", "a"}));
}

}  // namespace
}  // namespace shoestring
