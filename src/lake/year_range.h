#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "lake/table_metadata.h"

namespace shoestring {

/// The years that partition projection lets a Hive reader see. It lists every folder that
/// the range could have, so a stray 9999-12-31 must not widen it.
struct YearRange {
  int first = 0;
  int last = 0;
  int64_t hidden_rows = 0;          ///< Rows that lie outside of it,
  std::vector<std::string> hidden;  ///< and their partitions: "year=0/month=0".
};

/// From the year that the middle one of all rows lies in to those up to a century away
/// that have rows, and five years of room ahead, of them and of `this_year`. Null dates
/// (year 0) are outside. Pure.
YearRange ProjectedYears(const std::vector<DataFile>& files, int this_year);

}  // namespace shoestring
