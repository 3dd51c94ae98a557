#pragma once

#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "correlate/correlation_settings.h"
#include "correlate/holdings_query.h"
#include "correlate/matrix.h"
#include "correlate/pair_report.h"
#include "engine/engine.h"
#include "sql/dialect.h"

namespace shoestring {

/// Asks an engine for holdings, and compares them. One thread.
class Correlator {
 public:
  struct Options {
    CorrelationSettings settings;
    SqlDialect dialect = SqlDialect::kDuckdb;
    /// Of each query when it begins.
    std::function<QueryLimits()> limits = [] { return QueryLimits(); };
    std::stop_token cancel;
  };

  /// `engine` must outlive it.
  Correlator(Engine* engine, Options options)
      : engine_(*engine), options_(std::move(options)) {}

  /// Throws kNotFound for a fund that is not there, naming the one that was perhaps
  /// meant, and for a quarter that not both have.
  PairReport Pair(const PairRequest& request);

  /// All funds of one quarter; by default the latest for which at least half as many
  /// filed as for the fullest one. kInvalidArgument for all quarters, kNotFound for one
  /// that nobody filed for.
  Matrix All(const QuarterChoice& quarter, Method method, bool options);

 private:
  using Batches = std::vector<std::shared_ptr<arrow::RecordBatch>>;

  Batches Fetch(const SqlQuery& query);
  std::vector<Holding> Holdings(const std::vector<std::string>& funds,
                                const std::optional<Quarter>& quarter);
  FundQuarters Quarters(const std::vector<std::string>& funds);
  std::vector<Quarter> CommonQuarters(const PairRequest& request);
  [[noreturn]] void NoSuchQuarter(const PairRequest& request, const Quarter& quarter);
  void CheckFund(const std::string& fund, const FundQuarters& known);
  Quarter FullLatestQuarter();

  Engine& engine_;
  const Options options_;
};

}  // namespace shoestring
