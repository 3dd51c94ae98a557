#include "engine/duckdb_planner.h"

#include <duckdb/optimizer/optimizer.hpp>
#include <duckdb/planner/logical_operator_visitor.hpp>
#include <duckdb/planner/operator/logical_cteref.hpp>
#include <duckdb/planner/operator/logical_get.hpp>
#include <duckdb/planner/operator/logical_materialized_cte.hpp>
#include <duckdb/planner/planner.hpp>

#include <algorithm>
#include <functional>
#include <set>

#include "engine/duckdb_error.h"
#include "engine/duckdb_lake_scan.h"
#include "engine/duckdb_sandbox.h"
#include "sql/lake_scan.h"

namespace shoestring {

namespace {

using duckdb::ClientContext;
using duckdb::LogicalOperator;
using duckdb::LogicalOperatorType;

/// Table functions whose rows hang on nothing but their arguments and the lake.
bool IsPure(const std::string& function) {
  static const std::set<std::string> kPure = {kLakeScan, "range", "generate_series",
                                              "unnest", "repeat"};
  return kPure.contains(function);
}

/// Before the optimizer, which would put the time of day in the place of now().
bool IsRepeatable(LogicalOperator& plan) {
  if (plan.type == LogicalOperatorType::LOGICAL_SAMPLE) return false;
  if (plan.type == LogicalOperatorType::LOGICAL_EXPLAIN) return false;
  if (plan.type == LogicalOperatorType::LOGICAL_GET &&
      !IsPure(plan.Cast<duckdb::LogicalGet>().function.name)) {
    return false;
  }
  bool repeatable = true;
  duckdb::LogicalOperatorVisitor::EnumerateExpressions(
      plan, [&](duckdb::unique_ptr<duckdb::Expression>* expression) {
        repeatable = repeatable && (*expression)->IsConsistent();
      });
  for (const auto& child : plan.children) {
    repeatable = repeatable && IsRepeatable(*child);
  }
  return repeatable;
}

void ForEachScan(LogicalOperator& plan,
                 const std::function<void(duckdb::LogicalGet&)>& function) {
  if (plan.type == LogicalOperatorType::LOGICAL_GET) {
    auto& get = plan.Cast<duckdb::LogicalGet>();
    if (get.function.name == kLakeScan) function(get);
  }
  for (const auto& child : plan.children) ForEachScan(*child, function);
}

int Mentions(const LogicalOperator& plan, duckdb::idx_t cte) {
  int mentions = 0;
  if (plan.type == LogicalOperatorType::LOGICAL_CTE_REF) {
    mentions += plan.Cast<duckdb::LogicalCTERef>().cte_index == cte ? 1 : 0;
  }
  for (const auto& child : plan.children) mentions += Mentions(*child, cte);
  return mentions;
}

/// `repeated`: how often the place in the plan is mentioned.
void CollectScans(LogicalOperator& plan, int repeated, std::vector<PlannedScan>* scans) {
  if (plan.type == LogicalOperatorType::LOGICAL_GET) {
    if (auto scan = PlannedScanOf(plan.Cast<duckdb::LogicalGet>())) {
      scan->repeated = repeated;
      scans->push_back(*std::move(scan));
    }
  }
  if (plan.type == LogicalOperatorType::LOGICAL_MATERIALIZED_CTE) {
    const auto& cte = plan.Cast<duckdb::LogicalMaterializedCTE>();
    const int mentions = std::max(1, Mentions(*plan.children.at(1), cte.table_index));
    CollectScans(*plan.children.at(0), repeated * mentions, scans);
    CollectScans(*plan.children.at(1), repeated, scans);
    return;
  }
  for (const auto& child : plan.children) CollectScans(*child, repeated, scans);
}

class Planning {
 public:
  explicit Planning(std::shared_ptr<DuckdbSession> session)
      : session_(std::move(session)),
        connection_(*session_->database),
        activity_(QueryActivity::Attach(*connection_.context)) {}

  StatementPlan Plan(const Statement& statement) {
    try {
      auto parsed = ParseRead(*connection_.context, statement.sql);
      connection_.context->RunFunctionInTransaction(
          [&] { PlanParsed(std::move(parsed), BindValues(statement.parameters)); });
      return std::move(plan_);
    } catch (const Error&) {
      throw;
    } catch (const std::exception& error) {
      if (const auto failure = activity_->failure()) throw *failure;
      throw TranslateDuckdbError(duckdb::ErrorData(error), session_->TableNames());
    }
  }

 private:
  void PlanParsed(duckdb::unique_ptr<duckdb::SQLStatement> parsed,
                  const duckdb::vector<duckdb::Value>& values) {
    ClientContext& context = *connection_.context;
    duckdb::Planner planner(context);
    for (size_t i = 0; i < values.size(); ++i) {
      planner.parameter_data.emplace(std::to_string(i + 1),
                                     duckdb::BoundParameterData(values[i]));
    }
    planner.CreatePlan(std::move(parsed));
    plan_.repeatable = IsRepeatable(*planner.plan);
    ForEachScan(*planner.plan, [&](duckdb::LogicalGet& scan) { UsesTable(scan); });
    duckdb::Optimizer optimizer(*planner.binder, context);
    const auto optimized = optimizer.Optimize(std::move(planner.plan));
    CollectScans(*optimized, 1, &plan_.scans);
  }

  void UsesTable(duckdb::LogicalGet& scan) {
    auto table = PlannedScanOf(scan)->table;
    const TableEntry& entry = session_->tables->state().tables.at(table->name);
    const bool added =
        plan_.versions.emplace(table->name, entry.metadata_checksum).second;
    if (added) plan_.tables.push_back(std::move(table));
    // It would read a table twice for ORDER BY and LIMIT: few columns of all rows, then
    // all columns of few rows.
    scan.function.late_materialization = false;
  }

  const std::shared_ptr<DuckdbSession> session_;
  duckdb::Connection connection_;
  const duckdb::shared_ptr<QueryActivity> activity_;
  StatementPlan plan_;
};

/// With sessions of its own.
class LonePlanner : public StatementPlanner {
 public:
  explicit LonePlanner(ObjectStore* store) : sessions_(store) {}

  StatementPlan Plan(const Statement& statement, const QueryLimits& limits) override {
    return planner_.Plan(statement, limits);
  }

 private:
  DuckdbSessions sessions_;
  DuckdbPlanner planner_{&sessions_};
};

}  // namespace

duckdb::vector<duckdb::Value> BindValues(const std::vector<Parameter>& parameters) {
  using duckdb::Value;
  struct Binder {
    Value operator()(std::monostate) const { return Value(); }
    Value operator()(bool value) const { return Value::BOOLEAN(value); }
    Value operator()(int64_t value) const { return Value::BIGINT(value); }
    Value operator()(double value) const { return Value::DOUBLE(value); }
    Value operator()(const std::string& value) const { return Value(value); }
  };
  duckdb::vector<Value> values;
  for (const Parameter& parameter : parameters) {
    values.push_back(std::visit(Binder(), parameter));
  }
  return values;
}

StatementPlan DuckdbPlanner::Plan(const Statement& statement, const QueryLimits& limits) {
  return Planning(sessions_->Current(limits)).Plan(statement);
}

std::unique_ptr<StatementPlanner> OpenStatementPlanner(ObjectStore* store) {
  return std::make_unique<LonePlanner>(store);
}

}  // namespace shoestring
