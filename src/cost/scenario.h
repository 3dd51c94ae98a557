#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cost/prices.h"

namespace shoestring {

struct Range {
  double low = 0;
  double high = 0;

  bool operator==(const Range&) const = default;
  Range operator+(double plus) const { return {low + plus, high + plus}; }
  Range operator*(double factor) const { return {low * factor, high * factor}; }
};

/// A Supabase project, and the lake that would take a part of it.
struct Project {
  int64_t bytes = 0;          ///< Of its database,
  int64_t staying_bytes = 0;  ///< and what of it cannot move.
  int64_t storage_bytes = 0;  ///< Files in its storage.
  int64_t max_connections = 0;
  Range lake_month;                 ///< Dollars.
  std::vector<std::string> needed;  ///< What would end with it: "view v", "users: 12".
};

/// One way to go on, in dollars a month.
struct Scenario {
  std::string name;
  Range today;
  Range after;  ///< With the lake's cost.
  bool possible = true;
  std::string condition;  ///< What must hold, or why it is not possible.

  Range saving() const { return {today.low - after.high, today.high - after.low}; }
};

/// The size that starts with so many connections; nullptr if none does.
const Prices::Compute* GuessCompute(int64_t max_connections, const Prices& prices);

/// Stay on Pro, a smaller plan, cancel: always these three.
std::vector<Scenario> DrawScenarios(const Project& project, const Prices& prices);

}  // namespace shoestring
