#include "correlate/similarity.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include "base/error.h"

namespace shoestring {

namespace {

using Positions = std::vector<Position>;
using Weights = std::vector<double>;

constexpr double kUndefined = std::numeric_limits<double>::quiet_NaN();

constexpr std::array<std::pair<Method, std::string_view>, 4> kMethods = {{
    {Method::kPearson, "pearson"},
    {Method::kCosine, "cosine"},
    {Method::kJaccard, "jaccard"},
    {Method::kCommonWeight, "common_weight"},
}};

/// The weights of the union side by side; gives how many positions both hold.
size_t Align(const Positions& a, const Positions& b, Weights* of_a, Weights* of_b) {
  of_a->clear();
  of_b->clear();
  auto left = a.begin();
  auto right = b.begin();
  while (left != a.end() || right != b.end()) {
    const bool take_left =
        right == b.end() || (left != a.end() && left->security <= right->security);
    const bool take_right =
        left == a.end() || (right != b.end() && right->security <= left->security);
    of_a->push_back(take_left ? (left++)->weight : 0);
    of_b->push_back(take_right ? (right++)->weight : 0);
  }
  return a.size() + b.size() - of_a->size();
}

double Product(const Weights& a, const Weights& b) {
  return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
}

bool AllEqual(const Weights& weights) {
  return std::ranges::adjacent_find(weights, std::not_equal_to()) == weights.end();
}

/// By sums of differences from the mean, which lose no digits where weights are alike.
double Pearson(const Weights& a, const Weights& b) {
  if (AllEqual(a) || AllEqual(b)) return kUndefined;
  const auto count = static_cast<double>(a.size());
  const double mean_a = std::accumulate(a.begin(), a.end(), 0.0) / count;
  const double mean_b = std::accumulate(b.begin(), b.end(), 0.0) / count;
  double both = 0;
  double square_a = 0;
  double square_b = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    const double from_a = a[i] - mean_a;
    const double from_b = b[i] - mean_b;
    both += from_a * from_b;
    square_a += from_a * from_a;
    square_b += from_b * from_b;
  }
  return std::clamp(both / (std::sqrt(square_a) * std::sqrt(square_b)), -1.0, 1.0);
}

double Cosine(const Weights& a, const Weights& b) {
  return Product(a, b) / std::sqrt(Product(a, a) * Product(b, b));
}

double CommonWeight(const Weights& a, const Weights& b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) sum += std::min(a[i], b[i]);
  return sum;
}

double Score(Method method, size_t common, const Weights& a, const Weights& b) {
  switch (method) {
    case Method::kPearson: return Pearson(a, b);
    case Method::kCosine: return Cosine(a, b);
    case Method::kJaccard:
      return static_cast<double>(common) / static_cast<double>(a.size());
    case Method::kCommonWeight: return CommonWeight(a, b);
  }
  return kUndefined;
}

}  // namespace

Method ParseMethod(std::string_view name) {
  for (const auto& [method, known] : kMethods) {
    if (known == name) return method;
  }
  throw Fail(ErrorKind::kInvalidArgument,
             "A method is pearson, cosine, jaccard or common_weight, not: {}", name)
      .WithSqlstate(std::string(kInvalidParameter));
}

std::string_view MethodName(Method method) {
  return kMethods.at(static_cast<size_t>(method)).second;
}

double Scores::Of(Method method) const {
  switch (method) {
    case Method::kPearson: return pearson;
    case Method::kCosine: return cosine;
    case Method::kJaccard: return jaccard;
    case Method::kCommonWeight: return common_weight;
  }
  return kUndefined;
}

std::vector<CommonPosition> CommonPositions(const Positions& a, const Positions& b) {
  std::vector<CommonPosition> common;
  auto right = b.begin();
  for (const Position& left : a) {
    while (right != b.end() && right->security < left.security) ++right;
    if (right == b.end()) break;
    if (right->security == left.security) common.push_back({&left, &*right});
  }
  return common;
}

Overlap SumUp(const std::vector<CommonPosition>& common,
              const std::vector<uint32_t>& label_of) {
  Overlap overlap;
  std::vector<uint32_t> labels;
  for (const auto& [a, b] : common) {
    labels.push_back(label_of[a->security]);
    overlap.value += std::min(a->value, b->value);
    overlap.value_a += a->value;
    overlap.value_b += b->value;
  }
  std::ranges::sort(labels);
  overlap.tickers = std::unique(labels.begin(), labels.end()) - labels.begin();
  return overlap;
}

Scores ScoreAll(const Positions& a, const Positions& b) {
  if (a.empty() || b.empty()) return {kUndefined, kUndefined, kUndefined, kUndefined};
  Weights of_a;
  Weights of_b;
  const size_t common = Align(a, b, &of_a, &of_b);
  const auto score = [&](Method method) { return Score(method, common, of_a, of_b); };
  return {score(Method::kPearson), score(Method::kCosine), score(Method::kJaccard),
          score(Method::kCommonWeight)};
}

double Scorer::Score(const Positions& a, const Positions& b) {
  if (a.empty() || b.empty()) return kUndefined;
  const size_t common = Align(a, b, &weights_a_, &weights_b_);
  return shoestring::Score(method_, common, weights_a_, weights_b_);
}

}  // namespace shoestring
