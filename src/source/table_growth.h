#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace shoestring {

/// What ANALYZE knows of a date column; days since 1970-01-01.
struct DateStatistics {
  double null_fraction = 0;
  std::vector<std::pair<int32_t, double>>
      common;                      ///< Values and their share of the rows.
  std::vector<int32_t> histogram;  ///< Bounds of equally many other rows.
};

struct Growth {
  int32_t latest = 0;         ///< The newest date that is not in the future.
  double rows_per_month = 0;  ///< Over the year that ends with it.
};

/// Nothing without statistics, or where all dates lie within a month. `today` cuts off
/// dates such as 9999-12-31.
std::optional<Growth> EstimateGrowth(const DateStatistics& statistics, int64_t rows,
                                     int32_t today);

}  // namespace shoestring
