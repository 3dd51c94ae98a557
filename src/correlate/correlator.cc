#include "correlate/correlator.h"

#include <arrow/api.h>

#include <algorithm>
#include <iterator>

#include "base/error.h"
#include "base/nearest_name.h"

namespace shoestring {

namespace {

/// What a suggestion must at least be like.
constexpr double kLikeName = 0.33;

std::string Lower(std::string text) {
  std::ranges::transform(text, text.begin(),
                         [](unsigned char c) { return std::tolower(c); });
  return text;
}

/// The shortest name with this text in it, else the one most like it; empty: none.
std::string Suggestion(const std::string& text, const FundQuarters& funds) {
  if (text.empty()) return "";
  std::vector<std::string> names;
  std::string shortest;
  for (const auto& [name, quarters] : funds) {
    names.push_back(name);
    const bool has_it = Lower(name).find(Lower(text)) != name.npos;
    if (has_it && (shortest.empty() || name.size() < shortest.size())) shortest = name;
  }
  return shortest.empty() ? NearestName(names, text, kLikeName) : shortest;
}

bool Filed(const std::vector<Holding>& holdings, const std::string& fund) {
  return std::ranges::any_of(
      holdings, [&](const Holding& holding) { return holding.fund == fund; });
}

/// For rows that are not there: SQLSTATE no_data_found.
template <typename... Args>
Error NotFound(fmt::format_string<Args...> format, Args&&... args) {
  return Fail(ErrorKind::kNotFound, format, std::forward<Args>(args)...)
      .WithSqlstate("P0002");
}

/// The message of an engine that does not find what the settings name.
Error WithWayOut(const Error& error) {
  return Error(error.kind(),
               fmt::format("{} (table and columns are those of [correlation] in "
                           "shoestring.toml: docs/correlation.md)",
                           error.what()))
      .WithSqlstate(error.sqlstate());
}

}  // namespace

Correlator::Batches Correlator::Fetch(const SqlQuery& query) {
  const Statement statement = RenderQuery(query, options_.dialect);
  for (bool again = true;; again = false) {
    try {
      const auto result = engine_.Run(statement, options_.limits(), options_.cancel);
      Batches batches;
      while (auto batch = result->Next()) batches.push_back(std::move(batch));
      return batches;
    } catch (const Error& error) {
      const bool moved = error.kind() == ErrorKind::kConflict;
      const bool misnamed = error.kind() == ErrorKind::kInvalidArgument ||
                            error.kind() == ErrorKind::kNotFound;
      if (misnamed) throw WithWayOut(error);
      if (!moved || !again) throw;
    }
  }
}

std::vector<Holding> Correlator::Holdings(const std::vector<std::string>& funds,
                                          const std::optional<Quarter>& quarter) {
  const Batches batches = Fetch(HoldingsQuery(options_.settings, funds, quarter));
  int64_t rows = 0;
  for (const auto& batch : batches) rows += batch->num_rows();
  std::vector<Holding> holdings;
  holdings.reserve(static_cast<size_t>(rows));
  for (const auto& batch : batches) {
    ReadHoldings(options_.settings, *batch, &holdings);
  }
  return holdings;
}

FundQuarters Correlator::Quarters(const std::vector<std::string>& funds) {
  FundQuarters quarters;
  for (const auto& batch : Fetch(FundQuartersQuery(options_.settings, funds))) {
    ReadFundQuarters(*batch, &quarters);
  }
  return quarters;
}

void Correlator::CheckFund(const std::string& fund, const FundQuarters& known) {
  if (known.contains(fund)) return;
  const std::string nearest = Suggestion(fund, Quarters({}));
  if (nearest.empty()) throw NotFound("There is no such fund: {}", fund);
  throw NotFound("There is no such fund, perhaps you meant '{}': {}", nearest, fund);
}

/// In order; throws when there is none.
std::vector<Quarter> Correlator::CommonQuarters(const PairRequest& request) {
  const FundQuarters known = Quarters({request.fund_a, request.fund_b});
  CheckFund(request.fund_a, known);
  CheckFund(request.fund_b, known);
  std::vector<Quarter> common;
  std::ranges::set_intersection(known.at(request.fund_a), known.at(request.fund_b),
                                std::back_inserter(common));
  if (!common.empty()) return common;
  throw NotFound("There is no quarter for which both filed: {}, {}", request.fund_a,
                 request.fund_b);
}

void Correlator::NoSuchQuarter(const PairRequest& request, const Quarter& quarter) {
  const std::vector<Quarter> common = CommonQuarters(request);
  throw NotFound(
      "Not both have holdings for {}, the latest for which both have is {}: {}, {}",
      QuarterName(quarter), QuarterName(common.back()), request.fund_a, request.fund_b);
}

PairReport Correlator::Pair(const PairRequest& request) {
  const std::vector<std::string> funds = {request.fund_a, request.fund_b};
  std::vector<Quarter> quarters;
  if (request.quarter.quarter) {
    quarters = {*request.quarter.quarter};
  } else {
    quarters = CommonQuarters(request);
    if (!request.quarter.all) quarters = {quarters.back()};
  }
  auto holdings = Holdings(
      funds, request.quarter.all ? std::nullopt : std::optional(quarters.front()));
  for (const std::string& fund : funds) {
    if (!Filed(holdings, fund)) NoSuchQuarter(request, quarters.front());
  }
  return ComparePair(std::move(holdings), request, std::move(quarters));
}

Quarter Correlator::FullLatestQuarter() {
  std::map<Quarter, size_t> filers;
  size_t most = 0;
  for (const auto& [fund, quarters] : Quarters({})) {
    for (const Quarter& quarter : quarters) most = std::max(most, ++filers[quarter]);
  }
  const auto full = std::find_if(filers.rbegin(), filers.rend(), [&](const auto& entry) {
    return 2 * entry.second >= most;
  });
  if (full != filers.rend()) return full->first;
  throw NotFound("There are no holdings in: {}", options_.settings.table);
}

Matrix Correlator::All(const QuarterChoice& choice, Method method, bool options) {
  if (choice.all) {
    throw Fail(ErrorKind::kInvalidArgument,
               "All funds are compared in one quarter: name it, or leave it out");
  }
  const Quarter quarter = choice.quarter ? *choice.quarter : FullLatestQuarter();
  const Portfolios portfolios = BuildPortfolios(Holdings({}, quarter), options);
  if (!portfolios.funds.empty()) return CompareAll(portfolios, quarter, method);
  throw NotFound("Nobody has holdings for: {}", QuarterName(quarter));
}

}  // namespace shoestring
