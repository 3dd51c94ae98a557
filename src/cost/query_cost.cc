#include "cost/query_cost.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace shoestring {

namespace {

constexpr int64_t kMegabyte = 1 << 20;
constexpr double kTerabyte = 1ull << 40;
constexpr double kRequestsOfPrice = 1000;

}  // namespace

int64_t AthenaBytesFor(double dollars, const Prices& prices) {
  const double bytes = dollars / prices.athena_tb_scanned * kTerabyte;
  if (bytes < static_cast<double>(prices.athena_minimum_bytes)) return 0;
  constexpr double kMost = 1ull << 60;
  return static_cast<int64_t>(std::min(bytes, kMost)) / kMegabyte * kMegabyte;
}

double S3GetDollars(int64_t requests, const Prices& prices) {
  return static_cast<double>(requests) / kRequestsOfPrice * prices.s3_get_per_1000;
}

std::string FormatDollars(double dollars) {
  if (dollars <= 0) return "$0";
  constexpr double kShownInCents = 0.1;
  if (dollars >= kShownInCents) return fmt::format("${:.2f}", dollars);
  const int decimals = 1 - static_cast<int>(std::floor(std::log10(dollars)));
  return fmt::format("${:.{}f}", dollars, decimals);
}

}  // namespace shoestring
