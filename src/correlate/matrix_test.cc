#include "correlate/matrix.h"

#include <gmock/gmock.h>

#include "base/json.h"
#include "correlate/test_holdings.h"

namespace shoestring {
namespace {

using testing::ElementsAre;

Matrix Compared() {
  const std::vector<Holding> holdings = {Held("a", "1", 60), Held("a", "2", 40),
                                         Held("b", "1", 10), Held("b", "3", 30),
                                         Held("c", "2", 5)};
  return CompareAll(BuildPortfolios(holdings, /*options=*/false), {2024, 3},
                    Method::kCommonWeight);
}

TEST(Matrix, HasEveryPairTwice) {
  const Matrix matrix = Compared();
  EXPECT_THAT(matrix.funds, ElementsAre("a", "b", "c"));
  EXPECT_DOUBLE_EQ(matrix.At(0, 1).score, 0.25);
  EXPECT_DOUBLE_EQ(matrix.At(1, 0).score, 0.25);
  EXPECT_DOUBLE_EQ(matrix.At(0, 2).score, 0.4);
  EXPECT_EQ(matrix.At(1, 2).score, 0);
  EXPECT_EQ(matrix.At(0, 1).tickers, 1);
  EXPECT_EQ(MoneyText(matrix.At(0, 1).value), "10");
  EXPECT_DOUBLE_EQ(matrix.At(2, 2).score, 1);
}

TEST(Matrix, CanBeReordered) {
  const Matrix matrix = Reordered(Compared(), {2, 0, 1});
  EXPECT_THAT(matrix.funds, ElementsAre("c", "a", "b"));
  EXPECT_DOUBLE_EQ(matrix.At(0, 1).score, 0.4);
  EXPECT_DOUBLE_EQ(matrix.At(1, 2).score, 0.25);
}

TEST(Matrix, LeavesOutFundsWithOptionsOnly) {
  Holding put = Held("z", "1", 5);
  put.security.kind = Kind::kPut;
  const auto portfolios = BuildPortfolios({Held("a", "1", 1), put}, /*options=*/false);
  EXPECT_THAT(CompareAll(portfolios, {2024, 3}, Method::kPearson).funds,
              ElementsAre("a"));
}

TEST(Matrix, IsJson) {
  const auto json = ParseJson(MatrixJson(Compared()), "matrix");
  const JsonView view(json, "matrix");
  EXPECT_EQ(view["quarter"].Text(), "2024-Q3");
  EXPECT_EQ(view["method"].Text(), "common_weight");
  EXPECT_EQ(view["funds"].Items().size(), 3);
  EXPECT_EQ(view["scores"].Items().at(0).Items().size(), 3);
  EXPECT_EQ(view["overlap_tickers"].Items().at(0).Items().at(1).Integer(), 1);
  EXPECT_EQ(view["overlap_values"].Items().at(0).Items().at(1).Integer(), 10);
}

}  // namespace
}  // namespace shoestring
