#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "correlate/portfolio.h"

namespace shoestring {

/// How alike two portfolios are. Over the union of their positions, with the weights of
/// both (0 for what one does not hold):
/// - Pearson: the correlation of the weights, -1 to 1; negative when there is less in
///   common than chance would have it.
/// - cosine: of the angle between the weights, 0 to 1.
/// - Jaccard: positions in common, of those in the union.
/// - common weight: the sum of the smaller weights, the part that both hold alike.
enum class Method { kPearson, kCosine, kJaccard, kCommonWeight };

/// "pearson", "cosine", "jaccard" or "common_weight"; throws kInvalidArgument for others.
Method ParseMethod(std::string_view name);
std::string_view MethodName(Method method);

/// NaN where one is not defined: Pearson when the weights of a portfolio do not differ,
/// all of them when one is empty.
struct Scores {
  double pearson = 0;
  double cosine = 0;
  double jaccard = 0;
  double common_weight = 0;

  double Of(Method method) const;
};

/// What two portfolios have in common. `tickers` are distinct ones; `value` is the sum of
/// the smaller values, the others what each holds of it.
struct Overlap {
  int64_t tickers = 0;
  Money value;
  Money value_a;
  Money value_b;
};

struct CommonPosition {
  const Position* a = nullptr;
  const Position* b = nullptr;
};

std::vector<CommonPosition> CommonPositions(const std::vector<Position>& a,
                                            const std::vector<Position>& b);

/// `label_of` as in Portfolios.
Overlap SumUp(const std::vector<CommonPosition>& common,
              const std::vector<uint32_t>& label_of);

Scores ScoreAll(const std::vector<Position>& a, const std::vector<Position>& b);

/// Two portfolios side by side; can be used again for the next two.
struct Alignment {
  std::vector<double> weights_a;  ///< Of the union, in the order of securities.
  std::vector<double> weights_b;
  std::vector<CommonPosition> common;
  bool one_is_empty = true;  ///< Then nothing has a score.

  void Align(const std::vector<Position>& a, const std::vector<Position>& b);
  /// The same that ScoreAll gives.
  double Score(Method method) const;
};

}  // namespace shoestring
