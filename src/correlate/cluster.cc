#include "correlate/cluster.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace shoestring {

namespace {

double DistanceOf(const Matrix::Cell& cell) {
  return std::isfinite(cell.score) ? 1 - cell.score : 1;
}

/// Joins the two nearest groups until one is left.
class Grouping {
 public:
  explicit Grouping(const Matrix& matrix)
      : matrix_(matrix), count_(matrix.funds.size()), distances_(count_ * count_) {
    for (size_t fund = 0; fund < count_; ++fund) groups_.push_back({fund, {fund}});
    for (size_t i = 0; i < distances_.size(); ++i) {
      distances_[i] = DistanceOf(matrix.cells[i]);
    }
    for (size_t fund = 0; fund < count_; ++fund) places_.push_back(fund);
  }

  Dendrogram Run() && {
    Dendrogram dendrogram;
    while (places_.size() > 1) {
      const auto [left, right] = Nearest();
      dendrogram.merges.push_back(
          {groups_[left].number, groups_[right].number, Distance(left, right)});
      Join(left, right, count_ + dendrogram.merges.size() - 1);
    }
    if (!places_.empty()) dendrogram.leaves = groups_[places_.front()].leaves;
    return dendrogram;
  }

 private:
  struct Group {
    size_t number;
    std::vector<size_t> leaves;
  };

  double& Distance(size_t a, size_t b) { return distances_[a * count_ + b]; }

  std::pair<size_t, size_t> Nearest() {
    std::pair<size_t, size_t> nearest;
    double least = std::numeric_limits<double>::infinity();
    for (size_t i = 0; i < places_.size(); ++i) {
      for (size_t j = i + 1; j < places_.size(); ++j) {
        const double distance = Distance(places_[i], places_[j]);
        if (distance >= least) continue;
        least = distance;
        nearest = {places_[i], places_[j]};
      }
    }
    return nearest;
  }

  void Join(size_t left, size_t right, size_t number) {
    const auto of_left = static_cast<double>(groups_[left].leaves.size());
    const auto of_right = static_cast<double>(groups_[right].leaves.size());
    for (const size_t other : places_) {
      const double average =
          (of_left * Distance(left, other) + of_right * Distance(right, other)) /
          (of_left + of_right);
      Distance(left, other) = average;
      Distance(other, left) = average;
    }
    groups_[left] = {number, SideBySide(groups_[left].leaves, groups_[right].leaves)};
    std::erase(places_, right);
  }

  /// Turned so that the leaves that come to lie together are as alike as can be.
  std::vector<size_t> SideBySide(std::vector<size_t> left, std::vector<size_t> right) {
    const auto apart = [&](size_t a, size_t b) { return DistanceOf(matrix_.At(a, b)); };
    const double best =
        std::min({apart(left.back(), right.front()), apart(left.back(), right.back()),
                  apart(left.front(), right.front()), apart(left.front(), right.back())});
    const bool keep_left = best == apart(left.back(), right.front()) ||
                           best == apart(left.back(), right.back());
    if (!keep_left) std::ranges::reverse(left);
    if (best != apart(left.back(), right.front())) std::ranges::reverse(right);
    left.insert(left.end(), right.begin(), right.end());
    return left;
  }

  const Matrix& matrix_;
  const size_t count_;
  std::vector<double> distances_;  ///< Between groups, by place.
  std::vector<Group> groups_;      ///< By place: that of the group's first fund.
  std::vector<size_t> places_;     ///< Of the groups that are left.
};

}  // namespace

Dendrogram Cluster(const Matrix& matrix) { return Grouping(matrix).Run(); }

}  // namespace shoestring
