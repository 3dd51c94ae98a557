#include "lake/year_range.h"

#include <algorithm>
#include <cstdlib>
#include <map>

namespace shoestring {

namespace {

constexpr int kRoomAhead = 5;
constexpr int kFarthest = 100;

/// Rows by year, without those that have none.
std::map<int, int64_t> RowsByYear(const std::vector<DataFile>& files) {
  std::map<int, int64_t> rows;
  for (const DataFile& file : files) {
    if (!file.partition.empty() && file.partition[0] != 0) {
      rows[file.partition[0]] += file.rows;
    }
  }
  return rows;
}

int MiddleYear(const std::map<int, int64_t>& rows, int otherwise) {
  int64_t half = 0;
  for (const auto& [year, count] : rows) half += count;
  half = (half + 1) / 2;
  for (const auto& [year, count] : rows) {
    half -= count;
    if (half <= 0) return year;
  }
  return otherwise;
}

}  // namespace

YearRange ProjectedYears(const std::vector<DataFile>& files, int this_year) {
  const auto rows = RowsByYear(files);
  const int middle = MiddleYear(rows, this_year);
  YearRange range{.first = middle, .last = middle};
  for (const auto& [year, count] : rows) {
    if (std::abs(year - middle) > kFarthest) continue;
    range.first = std::min(range.first, year);
    range.last = std::max(range.last, year);
  }
  // A table that ended a century ago needs no room up to now.
  if (std::abs(this_year - middle) <= kFarthest) {
    range.last = std::max(range.last, this_year);
  }
  range.last += kRoomAhead;
  for (const DataFile& file : files) {
    if (file.partition.empty()) continue;
    const int year = file.partition[0];
    if (year >= range.first && year <= range.last) continue;
    range.hidden_rows += file.rows;
    const std::string path = PartitionPath(file.partition);
    if (range.hidden.empty() || range.hidden.back() != path) range.hidden.push_back(path);
  }
  return range;
}

}  // namespace shoestring
