#pragma once

#include <functional>
#include <memory>
#include <string>
#include <variant>

#include "engine/engine.h"
#include "engine/query_price.h"
#include "engine/statement_plan.h"

namespace shoestring {

/// What a query will read and cost at most, as it is told before it runs.
struct Foretold {
  ScanEstimate estimate;
  QueryPrice price;
};

struct PricedOptions {
  std::string engine;      ///< The inner engine's name.
  double max_dollars = 0;  ///< What one query may cost; 0 sets no limit.
  /// The lake whose catalog tells; throws when none was named.
  std::function<ObjectStore*()> lake;
  /// Plans on that lake.
  std::function<StatementPlanner*()> planner;
  /// Is told what each query costs, or why that cannot be said; may be empty. With it
  /// every query is estimated, without it those that have a limit.
  std::function<void(const std::variant<Foretold, Error>&)> on_price;
};

/// Refuses queries whose estimate is above max_dollars or their own limit of scan_bytes,
/// before `inner` runs them, which keeps the limits that it can as well. Throws kLimit
/// for these, and kUnsupported when max_dollars cannot be kept, because the statement is
/// not DuckDB's SQL, there is no lake, or the engine has no price. `inner` must outlive
/// it.
std::unique_ptr<Engine> MakePricedEngine(Engine* inner, PricedOptions options);

}  // namespace shoestring
