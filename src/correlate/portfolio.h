#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "correlate/holding.h"

namespace shoestring {

/// All that a fund holds of one security.
struct Position {
  uint32_t security = 0;  ///< Its place in Portfolios::securities.
  Money value;
  double weight = 0;  ///< Its share of the portfolio; of all quarters together, one.
};

/// What a fund holds; positions in the order of their securities.
struct Portfolio {
  std::string fund;
  std::vector<Position> positions;
  Money total;
  int quarters = 0;               ///< In which there are positions.
  std::vector<Position> options;  ///< Puts and calls, where they are set apart.
  Money options_total;
};

/// The portfolios of some funds, by name, and the securities that they speak of.
struct Portfolios {
  std::vector<Security> securities;  ///< In order.
  std::vector<std::string> labels;   ///< Ticker of each, its id where there is none.
  std::vector<uint32_t> label_of;    ///< By security: equal numbers, equal labels.
  std::vector<Portfolio> funds;

  /// nullptr when it holds nothing.
  const Portfolio* Find(std::string_view fund) const;
};

/// Adds up what each fund holds. Of several filings for one quarter, a later one that
/// repeats half of the positions so far, or more, takes their place; another adds to
/// them. Weights are shares of a quarter's total, divided by the number of the fund's
/// quarters. With `options`, puts and calls are positions like others; else they stand
/// apart and have no part in totals and weights of the rest.
Portfolios BuildPortfolios(const std::vector<Holding>& holdings, bool options);

}  // namespace shoestring
