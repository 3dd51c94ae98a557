#include "source/table_growth.h"

#include <algorithm>

namespace shoestring {

namespace {

constexpr int32_t kDaysOfYear = 365;
constexpr double kDaysOfMonth = kDaysOfYear / 12.0;

/// The share of a histogram's rows after `from`, up to `to`; values lie evenly between
/// two bounds.
double HistogramShare(const std::vector<int32_t>& bounds, int32_t from, int32_t to) {
  if (bounds.size() < 2) return 0;
  double share = 0;
  for (size_t i = 1; i < bounds.size(); ++i) {
    const double low = std::max(bounds[i - 1], from);
    const double high = std::min(bounds[i], to);
    if (bounds[i] == bounds[i - 1]) {
      share += bounds[i] > from && bounds[i] <= to ? 1 : 0;
    } else if (high > low) {
      share += (high - low) / (bounds[i] - bounds[i - 1]);
    }
  }
  return share / static_cast<double>(bounds.size() - 1);
}

}  // namespace

std::optional<Growth> EstimateGrowth(const DateStatistics& statistics, int64_t rows,
                                     int32_t today) {
  std::vector<int32_t> days = statistics.histogram;
  double common = 0;
  for (const auto& [day, share] : statistics.common) {
    days.push_back(day);
    common += share;
  }
  std::erase_if(days, [&](int32_t day) { return day > today; });
  if (days.empty()) return std::nullopt;
  const auto [first, last] = std::minmax_element(days.begin(), days.end());
  const int32_t from = std::max(*first - 1, *last - kDaysOfYear);
  double share = std::max(0.0, 1 - statistics.null_fraction - common) *
                 HistogramShare(statistics.histogram, from, *last);
  for (const auto& [day, part] : statistics.common) {
    if (day > from && day <= *last) share += part;
  }
  const double months = (*last - from) / kDaysOfMonth;
  if (months < 1) return std::nullopt;
  return Growth{*last, share * static_cast<double>(rows) / months};
}

}  // namespace shoestring
