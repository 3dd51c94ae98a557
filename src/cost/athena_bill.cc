#include "cost/athena_bill.h"

#include <algorithm>

namespace shoestring {

double AthenaDollars(const Prices& prices, int64_t scanned_bytes) {
  constexpr int64_t kMegabyte = 1 << 20;
  constexpr double kTerabyte = 1LL << 40;
  const int64_t whole = (scanned_bytes + kMegabyte - 1) / kMegabyte * kMegabyte;
  const auto billed = static_cast<double>(std::max(whole, prices.athena_minimum_bytes));
  return billed / kTerabyte * prices.athena_tb_scanned;
}

}  // namespace shoestring
