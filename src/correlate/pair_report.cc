#include "correlate/pair_report.h"

#include <algorithm>
#include <functional>
#include <iterator>

namespace shoestring {

namespace {

std::vector<Holding> HeldIn(const std::vector<Holding>& holdings,
                            const Quarter& quarter) {
  std::vector<Holding> held;
  std::ranges::copy_if(holdings, std::back_inserter(held), [&](const Holding& holding) {
    return holding.security.quarter == quarter;
  });
  return held;
}

Portfolio PortfolioOf(const Portfolios& portfolios, const std::string& fund) {
  const Portfolio* found = portfolios.Find(fund);
  return found == nullptr ? Portfolio{.fund = fund} : *found;
}

Comparison Compare(const std::vector<Holding>& holdings, const PairRequest& request) {
  const Portfolios portfolios = BuildPortfolios(holdings, request.options);
  const Portfolio a = PortfolioOf(portfolios, request.fund_a);
  const Portfolio b = PortfolioOf(portfolios, request.fund_b);
  return {ScoreAll(a.positions, b.positions),
          SumUp(CommonPositions(a.positions, b.positions), portfolios.label_of)};
}

double SmallerWeight(const CommonPosition& position) {
  return std::min(position.a->weight, position.b->weight);
}

}  // namespace

PairReport ComparePair(std::vector<Holding> holdings, PairRequest request,
                       std::vector<Quarter> quarters) {
  std::erase_if(holdings, [&](const Holding& holding) {
    return std::ranges::find(quarters, holding.security.quarter) == quarters.end();
  });
  PairReport report;
  report.request = std::move(request);
  report.quarters = std::move(quarters);
  report.portfolios = BuildPortfolios(holdings, report.request.options);
  const std::vector<uint32_t>& labels = report.portfolios.label_of;
  report.a = PortfolioOf(report.portfolios, report.request.fund_a);
  report.b = PortfolioOf(report.portfolios, report.request.fund_b);
  report.common = CommonPositions(report.a.positions, report.b.positions);
  report.whole = {ScoreAll(report.a.positions, report.b.positions),
                  SumUp(report.common, labels)};
  report.options = SumUp(CommonPositions(report.a.options, report.b.options), labels);
  for (const auto& [a, b] : report.common) {
    report.weight_a += a->weight;
    report.weight_b += b->weight;
  }
  std::ranges::stable_sort(report.common, std::greater(), SmallerWeight);
  if (!report.request.quarter.all) return report;
  for (const Quarter& quarter : report.quarters) {
    report.by_quarter.emplace_back(quarter,
                                   Compare(HeldIn(holdings, quarter), report.request));
  }
  return report;
}

}  // namespace shoestring
