#include <fmt/format.h>

#include <cmath>

#include "correlate/pair_report.h"
#include "engine/value_text.h"

namespace shoestring {

namespace {

std::string Text(std::string_view text) {
  std::string json;
  AppendJsonString(text, &json);
  return json;
}

std::string Number(double number) {
  return std::isfinite(number) ? fmt::format("{}", number) : "null";
}

std::string ScoresJson(const Scores& scores) {
  return fmt::format(
      R"({{"pearson": {}, "cosine": {}, "jaccard": {}, "common_weight": {}}})",
      Number(scores.pearson), Number(scores.cosine), Number(scores.jaccard),
      Number(scores.common_weight));
}

std::string OptionsJson(const PairReport& report) {
  return fmt::format(
      R"({{"positions_a": {}, "positions_b": {}, "total_value_a": {}, )"
      R"("total_value_b": {}, "overlap_tickers": {}, "overlap_value": {}}})",
      report.a.options.size(), report.b.options.size(), MoneyText(report.a.options_total),
      MoneyText(report.b.options_total), report.options.tickers,
      MoneyText(report.options.value));
}

std::string SecurityJson(const Portfolios& portfolios, uint32_t place) {
  const Security& security = portfolios.securities[place];
  const std::string& label = portfolios.labels[place];
  const bool has_ticker = !security.is_cusip || label != security.id;
  return fmt::format(R"("quarter": "{}", "cusip": {}, "ticker": {}, "kind": "{}")",
                     QuarterName(security.quarter),
                     security.is_cusip ? Text(security.id) : "null",
                     has_ticker ? Text(label) : "null", KindName(security.kind));
}

std::string PositionJson(const PairReport& report, const CommonPosition& position) {
  return fmt::format(
      R"({{{}, "value_a": {}, "value_b": {}, "weight_a": {}, "weight_b": {}}})",
      SecurityJson(report.portfolios, position.a->security), MoneyText(position.a->value),
      MoneyText(position.b->value), Number(position.a->weight),
      Number(position.b->weight));
}

std::string QuarterJson(const Quarter& quarter, const Comparison& comparison,
                        Method method) {
  return fmt::format(
      R"({{"quarter": "{}", "total_overlap_tickers": {}, "total_overlap_value": {}, )"
      R"("correlation_score": {}, "scores": {}}})",
      QuarterName(quarter), comparison.overlap.tickers,
      MoneyText(comparison.overlap.value), Number(comparison.scores.Of(method)),
      ScoresJson(comparison.scores));
}

std::string QuartersName(const PairReport& report) {
  return report.request.quarter.all ? "all" : QuarterName(report.quarters.at(0));
}

/// [ … ] with an item a line.
template <typename Items, typename Write>
std::string Lines(const Items& items, const Write& write) {
  std::string json = "[";
  for (const auto& item : items) {
    json += json.size() == 1 ? "\n    " : ",\n    ";
    json += write(item);
  }
  return json + (json.size() == 1 ? "]" : "\n  ]");
}

}  // namespace

std::string PairJson(const PairReport& report) {
  const auto& [scores, overlap] = report.whole;
  const Method method = report.request.method;
  std::string json = "{";
  const auto member = [&](std::string_view name, const std::string& value) {
    json += fmt::format("{}\n  \"{}\": {}", json.size() == 1 ? "" : ",", name, value);
  };
  member("fund_a", Text(report.a.fund));
  member("fund_b", Text(report.b.fund));
  member("quarter", Text(QuartersName(report)));
  member("method", Text(MethodName(method)));
  member("total_overlap_tickers", fmt::format("{}", overlap.tickers));
  member("total_overlap_value", MoneyText(overlap.value));
  member("correlation_score", Number(scores.Of(method)));
  member("scores", ScoresJson(scores));
  member("overlap_value_a", MoneyText(overlap.value_a));
  member("overlap_value_b", MoneyText(overlap.value_b));
  member("overlap_weight_a", Number(report.weight_a));
  member("overlap_weight_b", Number(report.weight_b));
  member("total_value_a", MoneyText(report.a.total));
  member("total_value_b", MoneyText(report.b.total));
  member("positions_a", fmt::format("{}", report.a.positions.size()));
  member("positions_b", fmt::format("{}", report.b.positions.size()));
  member("options", OptionsJson(report));
  if (report.request.quarter.all) {
    member("quarters", Lines(report.by_quarter, [&](const auto& each) {
             return QuarterJson(each.first, each.second, method);
           }));
  }
  member("common_positions", Lines(report.common, [&](const CommonPosition& position) {
           return PositionJson(report, position);
         }));
  return json + "\n}\n";
}

}  // namespace shoestring
