#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "correlate/similarity.h"

namespace shoestring {

/// How alike all funds are, each with each; both halves are there.
struct Matrix {
  struct Cell {
    double score = 0;  ///< NaN where it is not defined.
    int64_t tickers = 0;
    Money value;
  };

  Quarter quarter;
  Method method = Method::kPearson;
  std::vector<std::string> funds;
  std::vector<Cell> cells;  ///< By row, then column.

  const Cell& At(size_t row, size_t column) const {
    return cells[row * funds.size() + column];
  }
};

/// Compares the portfolios of one quarter; those without a position are left out.
Matrix CompareAll(const Portfolios& portfolios, const Quarter& quarter, Method method);

/// The same with its funds in this order.
Matrix Reordered(const Matrix& matrix, const std::vector<size_t>& order);

/// {"quarter", "method", "funds", "scores", "overlap_tickers", "overlap_values"}: the
/// last three are lists of rows, in the order of the funds. A row a line.
std::string MatrixJson(const Matrix& matrix);

}  // namespace shoestring
