#pragma once

#include <cstddef>
#include <vector>

#include "correlate/matrix.h"

namespace shoestring {

/// Two groups of funds that become one.
struct Merge {
  size_t left = 0;  ///< A fund, or from their number on the group of an earlier merge.
  size_t right = 0;
  double distance = 0;  ///< Between them: 0 for equal portfolios.
};

struct Dendrogram {
  std::vector<Merge> merges;   ///< The nearest first.
  std::vector<size_t> leaves;  ///< The funds in an order in which each group is together.
};

/// Groups the funds of a matrix: those most alike first, groups by the average of their
/// pairs. The distance is 1 less the score, 1 where there is none.
Dendrogram Cluster(const Matrix& matrix);

}  // namespace shoestring
