#include "correlate/portfolio.h"

#include <algorithm>
#include <tuple>

namespace shoestring {

namespace {

using Values = std::map<Security, Money>;
using Lines = std::vector<const Holding*>;

auto FundQuarter(const Holding& line) {
  return std::tie(line.fund, line.security.quarter);
}

auto Filing(const Holding& line) { return std::tie(line.filed, line.filing); }

/// By fund, quarter and filing. Sums do not depend on the order that an engine gave.
Lines Sorted(const std::vector<Holding>& holdings) {
  Lines lines;
  lines.reserve(holdings.size());
  for (const Holding& holding : holdings) lines.push_back(&holding);
  std::ranges::sort(lines, [](const Holding* left, const Holding* right) {
    return std::tuple_cat(FundQuarter(*left), Filing(*left)) <
           std::tuple_cat(FundQuarter(*right), Filing(*right));
  });
  return lines;
}

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

/// The end of the lines that are like the first one in what `by` gives.
template <typename Iterator, typename By>
Iterator EndOfEqual(Iterator begin, Iterator end, const By& by) {
  return std::find_if(begin, end,
                      [&](const Holding* line) { return by(*line) != by(**begin); });
}

/// What counts of one fund's filings for one quarter.
template <typename Iterator>
Values Counted(Iterator begin, Iterator end) {
  Values counted;
  while (begin != end) {
    const Iterator next = EndOfEqual(begin, end, Filing);
    Values filing;
    for (; begin != next; ++begin) filing[(*begin)->security] += (*begin)->value;
    AddFiling(std::move(filing), &counted);
  }
  return counted;
}

/// The securities of all lines in order, each labelled by the first of its tickers.
void Index(const std::vector<Holding>& holdings, Portfolios* portfolios) {
  std::map<Security, std::string> tickers;
  for (const Holding& holding : holdings) {
    std::string& ticker = tickers[holding.security];
    const bool first = ticker.empty() || holding.ticker < ticker;
    if (!holding.ticker.empty() && first) ticker = holding.ticker;
  }
  std::map<std::string, uint32_t> numbers;
  for (const auto& [security, ticker] : tickers) {
    portfolios->labels.push_back(ticker.empty() ? security.id : ticker);
    const auto next = static_cast<uint32_t>(numbers.size());
    portfolios->label_of.push_back(
        numbers.emplace(portfolios->labels.back(), next).first->second);
    portfolios->securities.push_back(security);
  }
}

uint32_t PlaceOf(const Security& security, const Portfolios& portfolios) {
  const auto found = std::ranges::lower_bound(portfolios.securities, security);
  return static_cast<uint32_t>(found - portfolios.securities.begin());
}

/// Adds a quarter's positions; each weight is a share of that quarter alone.
void AddQuarter(const Values& values, bool options, const Portfolios& index,
                Portfolio* to) {
  const size_t first = to->positions.size();
  Money total;
  for (const auto& [security, value] : values) {
    const Position position{PlaceOf(security, index), value};
    if (options || security.kind == Kind::kShares) {
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
  Index(holdings, &portfolios);
  const Lines lines = Sorted(holdings);
  for (auto begin = lines.begin(); begin != lines.end();) {
    const auto end = EndOfEqual(begin, lines.end(), FundQuarter);
    const std::string& fund = (*begin)->fund;
    if (portfolios.funds.empty() || portfolios.funds.back().fund != fund) {
      portfolios.funds.push_back({.fund = fund});
    }
    AddQuarter(Counted(begin, end), options, portfolios, &portfolios.funds.back());
    begin = end;
  }
  for (Portfolio& portfolio : portfolios.funds) {
    for (Position& each : portfolio.positions) each.weight /= portfolio.quarters;
  }
  return portfolios;
}

}  // namespace shoestring
