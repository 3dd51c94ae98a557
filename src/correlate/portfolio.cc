#include "correlate/portfolio.h"

#include <algorithm>
#include <functional>
#include <unordered_map>
#include <utility>

namespace shoestring {

namespace {

constexpr int kQuarters = 4;  // Of a year.

struct SecurityHash {
  size_t operator()(const Security& security) const {
    return std::hash<std::string_view>()(security.id) ^
           static_cast<size_t>(kQuarters * security.quarter.year +
                               security.quarter.number);
  }
};

struct Known {
  std::string_view ticker;
  uint32_t place = 0;
};
using Securities = std::unordered_map<Security, Known, SecurityHash>;

/// By the places of securities.
using Values = std::map<uint32_t, Money>;
/// By day and name.
using Filings = std::map<std::pair<std::string_view, std::string_view>, Values>;

bool Restates(const Values& later, const Values& before) {
  const auto repeated = std::ranges::count_if(
      later, [&](const auto& position) { return before.contains(position.first); });
  return 2 * repeated >= static_cast<int64_t>(before.size());
}

void AddFiling(Values filing, Values* counted) {
  if (Restates(filing, *counted)) {
    *counted = std::move(filing);
    return;
  }
  for (const auto& [security, value] : filing) (*counted)[security] += value;
}

/// What counts of one fund's filings for one quarter.
Values Counted(Filings filings) {
  Values counted;
  for (auto& [filing, values] : filings) AddFiling(std::move(values), &counted);
  return counted;
}

/// The securities of all lines, each with the first of its tickers.
Securities SecuritiesOf(const std::vector<Holding>& holdings) {
  Securities securities;
  for (const Holding& holding : holdings) {
    std::string_view& ticker = securities[holding.security].ticker;
    const bool first = ticker.empty() || holding.ticker < ticker;
    if (!holding.ticker.empty() && first) ticker = holding.ticker;
  }
  return securities;
}

/// Puts them in order, and labels them.
void Index(Securities* known, Portfolios* portfolios) {
  auto& securities = portfolios->securities;
  for (const auto& [security, of] : *known) securities.push_back(security);
  std::ranges::sort(securities);
  std::unordered_map<std::string_view, uint32_t> numbers;
  for (const Security& security : securities) {
    Known& of = known->at(security);
    of.place = static_cast<uint32_t>(portfolios->labels.size());
    const std::string_view label = of.ticker.empty() ? security.id : of.ticker;
    portfolios->labels.emplace_back(label);
    const auto next = static_cast<uint32_t>(numbers.size());
    portfolios->label_of.push_back(numbers.emplace(label, next).first->second);
  }
}

/// Adds a quarter's positions; each weight is a share of that quarter alone.
void AddQuarter(const Values& values, bool options, const Portfolios& index,
                Portfolio* to) {
  const size_t first = to->positions.size();
  Money total;
  for (const auto& [security, value] : values) {
    const Position position{security, value};
    if (options || index.securities[security].kind == Kind::kShares) {
      to->positions.push_back(position);
      total += value;
    } else {
      to->options.push_back(position);
      to->options_total += value;
    }
  }
  to->total += total;
  if (to->positions.size() > first) ++to->quarters;
  for (size_t i = first; i < to->positions.size(); ++i) {
    Position& position = to->positions[i];
    position.weight = MoneyNumber(position.value) / MoneyNumber(total);
  }
}

}  // namespace

const Portfolio* Portfolios::Find(std::string_view fund) const {
  const auto found = std::ranges::lower_bound(funds, fund, {}, &Portfolio::fund);
  return found == funds.end() || found->fund != fund ? nullptr : &*found;
}

Portfolios BuildPortfolios(const std::vector<Holding>& holdings, bool options) {
  Portfolios portfolios;
  Securities securities = SecuritiesOf(holdings);
  Index(&securities, &portfolios);
  std::map<std::pair<std::string_view, Quarter>, Filings> filed;
  for (const Holding& line : holdings) {
    Filings& filings = filed[{line.fund, line.security.quarter}];
    filings[{line.filed, line.filing}][securities.at(line.security).place] += line.value;
  }
  for (auto& [key, filings] : filed) {
    const auto& [fund, quarter] = key;
    const bool is_new = portfolios.funds.empty() || portfolios.funds.back().fund != fund;
    if (is_new) portfolios.funds.push_back({.fund = std::string(fund)});
    AddQuarter(Counted(std::move(filings)), options, portfolios,
               &portfolios.funds.back());
  }
  for (Portfolio& portfolio : portfolios.funds) {
    for (Position& each : portfolio.positions) each.weight /= portfolio.quarters;
  }
  return portfolios;
}

}  // namespace shoestring
