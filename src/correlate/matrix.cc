#include "correlate/matrix.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <thread>

#include "engine/value_text.h"

namespace shoestring {

namespace {

using Cell = Matrix::Cell;

/// [ … ] of what `write` gives for each number below `count`.
template <typename Write>
std::string List(size_t count, const char* between, const Write& write) {
  std::string json = "[";
  for (size_t i = 0; i < count; ++i) {
    if (i > 0) json += between;
    json += write(i);
  }
  return json + "]";
}

template <typename Write>
std::string Rows(const Matrix& matrix, const Write& write) {
  const size_t count = matrix.funds.size();
  return List(count, ",\n    ", [&](size_t row) {
    return List(count, ", ",
                [&](size_t column) { return write(matrix.At(row, column)); });
  });
}

/// Every row from `first` on in steps, and the columns of the same numbers.
void CompareRows(const std::vector<const Portfolio*>& funds,
                 const std::vector<uint32_t>& label_of, size_t first, size_t step,
                 Matrix* matrix) {
  const size_t count = funds.size();
  Alignment alignment;
  for (size_t row = first; row < count; row += step) {
    for (size_t column = row; column < count; ++column) {
      alignment.Align(funds[row]->positions, funds[column]->positions);
      const Overlap overlap = SumUp(alignment.common, label_of);
      const Cell cell{alignment.Score(matrix->method), overlap.tickers, overlap.value};
      matrix->cells[row * count + column] = cell;
      matrix->cells[column * count + row] = cell;
    }
  }
}

}  // namespace

Matrix CompareAll(const Portfolios& portfolios, const Quarter& quarter, Method method) {
  std::vector<const Portfolio*> funds;
  Matrix matrix{.quarter = quarter, .method = method};
  for (const Portfolio& portfolio : portfolios.funds) {
    if (portfolio.positions.empty()) continue;
    funds.push_back(&portfolio);
    matrix.funds.push_back(portfolio.fund);
  }
  matrix.cells.resize(funds.size() * funds.size());
  const size_t threads = std::max(1U, std::thread::hardware_concurrency());
  std::vector<std::jthread> working;
  for (size_t thread = 0; thread < threads; ++thread) {
    working.emplace_back([&, thread] {
      CompareRows(funds, portfolios.label_of, thread, threads, &matrix);
    });
  }
  working.clear();  // Waits for them.
  return matrix;
}

Matrix Reordered(const Matrix& matrix, const std::vector<size_t>& order) {
  Matrix ordered{.quarter = matrix.quarter, .method = matrix.method};
  ordered.cells.reserve(matrix.cells.size());
  for (const size_t row : order) {
    ordered.funds.push_back(matrix.funds[row]);
    for (const size_t column : order) ordered.cells.push_back(matrix.At(row, column));
  }
  return ordered;
}

std::string MatrixJson(const Matrix& matrix) {
  const std::string funds = List(matrix.funds.size(), ", ", [&](size_t i) {
    std::string name;
    AppendJsonString(matrix.funds[i], &name);
    return name;
  });
  const std::string scores = Rows(matrix, [](const Cell& cell) {
    return std::isfinite(cell.score) ? fmt::format("{}", cell.score) : "null";
  });
  const std::string tickers =
      Rows(matrix, [](const Cell& cell) { return fmt::format("{}", cell.tickers); });
  const std::string values =
      Rows(matrix, [](const Cell& cell) { return MoneyText(cell.value); });
  return fmt::format(
      "{{\n  \"quarter\": \"{}\",\n  \"method\": \"{}\",\n  \"funds\": {},\n"
      "  \"scores\": {},\n  \"overlap_tickers\": {},\n  \"overlap_values\": {}\n}}\n",
      QuarterName(matrix.quarter), MethodName(matrix.method), funds, scores, tickers,
      values);
}

}  // namespace shoestring
