#include "cost/athena_bill.h"

#include <gtest/gtest.h>

namespace shoestring {
namespace {

TEST(AthenaBill, WholeMegabytesAndNoLessThanTheMinimum) {
  const Prices prices{.athena_tb_scanned = 5.0, .athena_minimum_bytes = 10 << 20};
  const double megabyte = 5.0 / (1 << 20);
  EXPECT_DOUBLE_EQ(AthenaDollars(prices, 0), 10 * megabyte);
  EXPECT_DOUBLE_EQ(AthenaDollars(prices, 10 << 20), 10 * megabyte);
  EXPECT_DOUBLE_EQ(AthenaDollars(prices, (10 << 20) + 1), 11 * megabyte);
  EXPECT_DOUBLE_EQ(AthenaDollars(prices, 1LL << 40), 5.0);
}

}  // namespace
}  // namespace shoestring
