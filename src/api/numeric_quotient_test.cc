#include "api/numeric_quotient.h"

#include <gtest/gtest.h>

namespace shoestring {
namespace {

TEST(NumericQuotient, NumericsAreDividedAsPostgresDoes) {
  // SELECT 8800::numeric / 8, 10 / 3.0, 1 / 7.0, -2 / 3.0, 100000 / 3.0, 0.001 / 3, …
  EXPECT_EQ(DividedNumeric("8800", "8"), "1100.0000000000000000");
  EXPECT_EQ(DividedNumeric("10", "3"), "3.3333333333333333");
  EXPECT_EQ(DividedNumeric("1", "7"), "0.14285714285714285714");
  EXPECT_EQ(DividedNumeric("-2", "3"), "-0.66666666666666666667");
  EXPECT_EQ(DividedNumeric("100000", "3"), "33333.333333333333");
  EXPECT_EQ(DividedNumeric("0", "3"), "0.00000000000000000000");
}

}  // namespace
}  // namespace shoestring
