#include "api/correlation_function.h"

namespace shoestring {

namespace {

FunctionParameter TextParameter(std::string name,
                                std::optional<std::string> otherwise = std::nullopt) {
  return {.name = std::move(name),
          .type = PlainType(PostgresType::Kind::kText),
          .otherwise = std::move(otherwise)};
}

}  // namespace

Function CorrelationFunction(const CorrelationSettings& settings) {
  Function function;
  function.name = "get_investor_correlation";
  function.comment =
      "How alike the holdings of two funds are: total_overlap_tickers, "
      "total_overlap_value, correlation_score and what they are made of.";
  function.reads = settings.table;
  function.parameters = {TextParameter("fund_a"), TextParameter("fund_b"),
                         TextParameter("quarter", "latest"),
                         TextParameter("method", "pearson")};
  function.result.schema = "public";
  function.result.name = function.name;
  function.result.lake_name = function.name;
  return function;
}

std::string CallCorrelation(const std::vector<std::optional<std::string>>& values,
                            Correlator* correlator) {
  const auto text = [&](size_t place, const char* otherwise = "") {
    return values.at(place).value_or(otherwise);
  };
  return PairJson(correlator->Pair({.fund_a = text(0),
                                    .fund_b = text(1),
                                    .quarter = ParseQuarterChoice(text(2)),
                                    .method = ParseMethod(text(3, "pearson"))}));
}

}  // namespace shoestring
