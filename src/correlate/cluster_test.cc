#include "correlate/cluster.h"

#include <gmock/gmock.h>

#include <limits>

namespace shoestring {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

/// Funds "a", "b", … with these scores.
Matrix Scored(const std::vector<std::vector<double>>& scores) {
  Matrix matrix;
  for (size_t row = 0; row < scores.size(); ++row) {
    matrix.funds.emplace_back(1, static_cast<char>('a' + row));
    for (const double score : scores[row]) matrix.cells.push_back({.score = score});
  }
  return matrix;
}

TEST(Cluster, JoinsTheMostAlikeFirstAndGroupsByTheirAverage) {
  const Dendrogram found = Cluster(Scored(
      {{1, 0.1, 0.9, 0.2}, {0.1, 1, 0.3, 0.8}, {0.9, 0.3, 1, 0.2}, {0.2, 0.8, 0.2, 1}}));
  ASSERT_EQ(found.merges.size(), 3);
  EXPECT_EQ(found.merges[0].left, 0);
  EXPECT_EQ(found.merges[0].right, 2);
  EXPECT_NEAR(found.merges[0].distance, 0.1, 1e-12);
  EXPECT_EQ(found.merges[1].left, 1);
  EXPECT_EQ(found.merges[1].right, 3);
  EXPECT_EQ(found.merges[2].left, 4);
  EXPECT_EQ(found.merges[2].right, 5);
  EXPECT_NEAR(found.merges[2].distance, 1 - (0.1 + 0.2 + 0.3 + 0.2) / 4, 1e-12);
  // c and b are the most alike of the two groups' ends.
  EXPECT_THAT(found.leaves, ElementsAre(0, 2, 1, 3));
}

TEST(Cluster, TakesWhatHasNoScoreForUnlike) {
  constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
  const Dendrogram found = Cluster(Scored({{1, kNone}, {kNone, 1}}));
  EXPECT_EQ(found.merges.at(0).distance, 1);
}

TEST(Cluster, OfOneFundOrNone) {
  EXPECT_THAT(Cluster(Scored({{1}})).leaves, ElementsAre(0));
  EXPECT_THAT(Cluster(Scored({})).leaves, IsEmpty());
}

}  // namespace
}  // namespace shoestring
