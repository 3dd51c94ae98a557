#include "cost/scenario.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/units.h"

namespace shoestring {

namespace {

constexpr double kGigabyte = 1024.0 * 1024 * 1024;

double ProMonth(double compute, int64_t bytes, const Prices& prices) {
  const double disk_gb = static_cast<double>(bytes) / kGigabyte;
  return prices.pro_month + std::max(0.0, compute - prices.compute_credit) +
         std::max(0.0, disk_gb - prices.disk_included_gb) * prices.disk_gb_month;
}

/// Of a project of unknown size as if it were the smallest.
double ComputeMonth(const Project& project, const Prices& prices) {
  const Prices::Compute* size = GuessCompute(project.max_connections, prices);
  return size == nullptr ? prices.compute_credit : size->month;
}

/// A project that would fit the Free plan may be on it.
Range TodayMonth(const Project& project, const Prices& prices) {
  const double pro = ProMonth(ComputeMonth(project, prices), project.bytes, prices);
  return {project.bytes <= prices.free_database_bytes ? 0 : pro, pro};
}

Scenario StayOnPro(const Project& project, const Prices& prices) {
  const double today = TodayMonth(project, prices).high;
  const double after =
      ProMonth(ComputeMonth(project, prices), project.staying_bytes, prices);
  return {"stay on Pro",
          {today, today},
          project.lake_month + after,
          true,
          "disk is billed as provisioned, which does not shrink by itself"};
}

Scenario SmallerPlan(const Project& project, const Prices& prices) {
  const Range today = TodayMonth(project, prices);
  Scenario scenario{"smaller plan", today, today, true, ""};
  if (project.staying_bytes <= prices.free_database_bytes &&
      project.storage_bytes <= prices.free_storage_bytes) {
    scenario.after = project.lake_month;
    scenario.condition =
        fmt::format("to Free: what stays fits its {}; it pauses after a week without use",
                    FormatBytes(prices.free_database_bytes));
    return scenario;
  }
  const Prices::Compute& smallest = prices.compute.front();
  if (ComputeMonth(project, prices) > smallest.month) {
    scenario.after =
        project.lake_month + ProMonth(smallest.month, project.staying_bytes, prices);
    scenario.condition =
        fmt::format("to {} compute, if it carries what stays", smallest.name);
    return scenario;
  }
  scenario.possible = false;
  scenario.condition = fmt::format(
      "the smallest compute already, and Free takes {} of database and {} of files",
      FormatBytes(prices.free_database_bytes), FormatBytes(prices.free_storage_bytes));
  return scenario;
}

Scenario Cancel(const Project& project, const Prices& prices) {
  constexpr size_t kShown = 6;
  Scenario scenario{
      "cancel the project", TodayMonth(project, prices), project.lake_month, true,
      "nothing else of the project is in use, as far as the database shows"};
  const auto& needed = project.needed;
  if (needed.empty()) return scenario;
  scenario.possible = false;
  const size_t shown = std::min(kShown, needed.size());
  scenario.condition =
      fmt::format("first a new home for: {}",
                  fmt::join(needed.begin(), needed.begin() + shown, "; "));
  if (needed.size() > shown) {
    scenario.condition += fmt::format("; and {} more", needed.size() - shown);
  }
  return scenario;
}

}  // namespace

const Prices::Compute* GuessCompute(int64_t max_connections, const Prices& prices) {
  for (const auto& size : prices.compute) {
    if (size.max_connections == max_connections) return &size;
  }
  return nullptr;
}

std::vector<Scenario> DrawScenarios(const Project& project, const Prices& prices) {
  return {StayOnPro(project, prices), SmallerPlan(project, prices),
          Cancel(project, prices)};
}

}  // namespace shoestring
