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

/// Of a portfolio that is worth nothing there are no weights.
double CommonWeight(const Weights& a, const Weights& b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    if (std::isnan(a[i]) || std::isnan(b[i])) return kUndefined;
    sum += std::min(a[i], b[i]);
  }
  return sum;
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

void Alignment::Align(const Positions& a, const Positions& b) {
  one_is_empty = a.empty() || b.empty();
  weights_a.assign(a.size() + b.size(), 0);
  weights_b.assign(a.size() + b.size(), 0);
  common.clear();
  size_t place = 0;
  auto left = a.begin();
  auto right = b.begin();
  for (; left != a.end() && right != b.end(); ++place) {
    const uint32_t next = std::min(left->security, right->security);
    const bool in_a = left->security == next;
    const bool in_b = right->security == next;
    if (in_a && in_b) common.push_back({&*left, &*right});
    if (in_a) weights_a[place] = (left++)->weight;
    if (in_b) weights_b[place] = (right++)->weight;
  }
  for (; left != a.end(); ++left) weights_a[place++] = left->weight;
  for (; right != b.end(); ++right) weights_b[place++] = right->weight;
  weights_a.resize(place);
  weights_b.resize(place);
}

double Alignment::Score(Method method) const {
  if (one_is_empty) return kUndefined;
  switch (method) {
    case Method::kPearson: return Pearson(weights_a, weights_b);
    case Method::kCosine: return Cosine(weights_a, weights_b);
    case Method::kJaccard:
      return static_cast<double>(common.size()) / static_cast<double>(weights_a.size());
    case Method::kCommonWeight: return CommonWeight(weights_a, weights_b);
  }
  return kUndefined;
}

std::vector<CommonPosition> CommonPositions(const Positions& a, const Positions& b) {
  Alignment alignment;
  alignment.Align(a, b);
  return std::move(alignment.common);
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
  Alignment alignment;
  alignment.Align(a, b);
  return {alignment.Score(Method::kPearson), alignment.Score(Method::kCosine),
          alignment.Score(Method::kJaccard), alignment.Score(Method::kCommonWeight)};
}

}  // namespace shoestring
