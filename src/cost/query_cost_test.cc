#include "cost/query_cost.h"

#include <gtest/gtest.h>

#include "cost/athena_bill.h"

namespace shoestring {
namespace {

Prices Example() {
  Prices prices;
  prices.athena_tb_scanned = 5;
  prices.athena_minimum_bytes = 10 << 20;
  prices.s3_get_per_1000 = 0.0004;
  return prices;
}

TEST(QueryCost, SoMuchAthenaScansForSoMuch) {
  EXPECT_EQ(AthenaBytesFor(5.0, Example()), 1ll << 40);
  EXPECT_EQ(AthenaBytesFor(0.00001, Example()), 0);
  EXPECT_LE(AthenaDollars(Example(), AthenaBytesFor(0.01, Example())), 0.01);
}

TEST(QueryCost, DollarsShowTwoDigitsThatTellSomething) {
  EXPECT_EQ(FormatDollars(0), "$0");
  EXPECT_EQ(FormatDollars(0.0000477), "$0.000048");
  EXPECT_EQ(FormatDollars(0.0031), "$0.0031");
  EXPECT_EQ(FormatDollars(12.345), "$12.35");
}

TEST(QueryCost, S3BillsRequests) {
  EXPECT_DOUBLE_EQ(S3GetDollars(2500, Example()), 0.001);
}

}  // namespace
}  // namespace shoestring
