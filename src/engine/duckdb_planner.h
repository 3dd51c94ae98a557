#pragma once

#include <duckdb.hpp>

#include <memory>
#include <vector>

#include "engine/duckdb_session.h"
#include "engine/statement_plan.h"

namespace shoestring {

/// The parameters of a statement as DuckDB takes them.
duckdb::vector<duckdb::Value> BindValues(const std::vector<Parameter>& parameters);

/// Asks DuckDB's planner and optimizer, which push columns and filters down into the
/// scans of the lake's tables. `sessions` must outlive it.
class DuckdbPlanner : public StatementPlanner {
 public:
  explicit DuckdbPlanner(DuckdbSessions* sessions) : sessions_(sessions) {}

  StatementPlan Plan(const Statement& statement, const QueryLimits& limits) override;

 private:
  DuckdbSessions* const sessions_;
};

}  // namespace shoestring
