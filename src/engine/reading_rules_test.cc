#include "engine/reading_rules.h"

#include <gtest/gtest.h>

namespace shoestring {
namespace {

constexpr ReadingRules kRules{
    .whole_file = 100, .file_end = 10, .near = 5, .longest = 50};

TEST(ReadingRules, SmallFileIsReadWhole) {
  EXPECT_EQ(ReadsOf(kRules, 100, {{3, 4}}), (Reads{100, 1}));
  EXPECT_EQ(ReadsOf(kRules, 100, {}), (Reads{100, 1}));
}

TEST(ReadingRules, LargeFileIsItsEndAndItsParts) {
  EXPECT_EQ(ReadsOf(kRules, 101, {}), (Reads{10, 1}));
  EXPECT_EQ(ReadsOf(kRules, 1000, {{0, 7}, {100, 110}}), (Reads{27, 3}));
}

TEST(ReadingRules, NearPartsAreReadAsOneWithWhatIsBetween) {
  EXPECT_EQ(ReadsOf(kRules, 1000, {{15, 20}, {0, 10}}), (Reads{30, 2}));
  EXPECT_EQ(ReadsOf(kRules, 1000, {{0, 10}, {16, 20}}), (Reads{24, 3}));
}

TEST(ReadingRules, NoReadIsLongerThanTheLongest) {
  EXPECT_EQ(ReadsOf(kRules, 1000, {{0, 40}, {41, 60}}), (Reads{69, 3}));
  EXPECT_EQ(ReadsOf(kRules, 1000, {{0, 120}}), (Reads{130, 4}));
}

TEST(ReadingRules, BlocksAreReadWholeAndOnce) {
  constexpr ReadingRules kBlocks{.file_end = 10, .longest = 50, .block = 8};
  EXPECT_EQ(ReadsOf(kBlocks, 1000, {{9, 10}, {33, 41}}), (Reads{10 + 8 + 16, 3}));
  EXPECT_EQ(ReadsOf(kBlocks, 1000, {{9, 10}, {12, 14}, {15, 17}}), (Reads{10 + 16, 2}));
  EXPECT_EQ(ReadsOf(kBlocks, 1000, {{995, 998}}), (Reads{10 + 8, 2}));
  EXPECT_EQ(ReadsOf(kBlocks, 997, {{993, 997}}), (Reads{10 + 5, 2}));
}

TEST(ReadingRules, EndIsNoMoreThanTheFile) {
  constexpr ReadingRules kNeverWhole{.whole_file = 0, .file_end = 64, .longest = 50};
  EXPECT_EQ(ReadsOf(kNeverWhole, 20, {}), (Reads{20, 1}));
}

}  // namespace
}  // namespace shoestring
