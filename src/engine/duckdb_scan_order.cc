#include "engine/duckdb_scan_order.h"

#include <duckdb.hpp>
#include <duckdb/execution/operator/scan/physical_table_scan.hpp>
#include <duckdb/parallel/task_scheduler.hpp>
#include <duckdb/planner/expression/bound_columnref_expression.hpp>
#include <duckdb/planner/operator/logical_get.hpp>
#include <duckdb/planner/operator/logical_limit.hpp>
#include <duckdb/planner/operator/logical_top_n.hpp>

#include <optional>

#include "engine/duckdb_cached_scan.h"
#include "engine/duckdb_lake_files.h"
#include "engine/duckdb_lake_scan.h"

namespace shoestring {

namespace {

using duckdb::ColumnBinding;
using duckdb::LogicalGet;
using duckdb::LogicalOperator;
using duckdb::LogicalOperatorType;
using duckdb::LogicalTopN;

/// What an expression names, when it is no more than a name.
std::optional<ColumnBinding> BindingOf(const duckdb::Expression& expression) {
  if (expression.GetExpressionType() != duckdb::ExpressionType::BOUND_COLUMN_REF) {
    return std::nullopt;
  }
  return expression.Cast<duckdb::BoundColumnRefExpression>().binding;
}

/// The scan below some projections, and what a name above them is in it.
struct ScanBelow {
  LogicalGet* get = nullptr;
  std::optional<ColumnBinding> binding;
};

ScanBelow Descend(LogicalOperator* from, std::optional<ColumnBinding> binding) {
  while (from->type == LogicalOperatorType::LOGICAL_PROJECTION) {
    if (binding) binding = BindingOf(*from->expressions.at(binding->column_index));
    from = from->children.at(0).get();
  }
  if (from->type != LogicalOperatorType::LOGICAL_GET) return {};
  return {&from->Cast<LogicalGet>(), binding};
}

/// Nothing for a column that is none of the files'.
std::optional<size_t> PlaceOf(const LogicalGet& get, const ColumnBinding& binding) {
  const size_t place = binding.column_index;
  const duckdb::idx_t column = get.GetColumnIds().at(place).GetPrimaryIndex();
  const auto& stored = LakeFileList::Of(*get.bind_data).table()->metadata.columns;
  if (column >= stored.size()) return std::nullopt;
  return place;
}

duckdb::shared_ptr<ScanOrder> OrderOf(const LogicalTopN& top) {
  if (top.limit == 0) return nullptr;
  auto order = duckdb::make_shared_ptr<ScanOrder>();
  order->offset = top.offset;
  order->limit = top.limit;
  order->bound = top.dynamic_filter;
  for (const duckdb::BoundOrderByNode& term : top.orders) {
    const auto named = BindingOf(*term.expression);
    if (!named) return nullptr;
    const ScanBelow below = Descend(top.children.at(0).get(), named);
    if (!below.get || !below.binding || !IsCachedScan(*below.get)) return nullptr;
    const auto place = PlaceOf(*below.get, *below.binding);
    if (!place) return nullptr;
    order->places.push_back(*place);
    order->modifiers.emplace_back(term.type, term.null_order);
  }
  return order;
}

/// True when the scan below gives what the Top-N would.
bool Ordered(LogicalTopN* top) {
  auto order = OrderOf(*top);
  if (!order) return false;
  Descend(top->children.at(0).get(), std::nullopt).get->function.function_info =
      std::move(order);
  return true;
}

void Order(duckdb::unique_ptr<LogicalOperator>* plan) {
  auto& node = **plan;
  if (node.type == LogicalOperatorType::LOGICAL_TOP_N &&
      Ordered(&node.Cast<LogicalTopN>())) {
    *plan = std::move(node.children.at(0));
    return;
  }
  for (auto& child : node.children) Order(&child);
}

bool IsAlone(duckdb::ClientContext& context) {
  return duckdb::TaskScheduler::GetScheduler(context).NumberOfThreads() == 1;
}

bool IsConstant(const duckdb::BoundLimitNode& node) {
  return node.Type() == duckdb::LimitNodeType::CONSTANT_VALUE;
}

/// More first rows of a large table are found sooner by DuckDB, which reads all columns
/// at once.
duckdb::idx_t FewFirst(const LogicalGet& scan, bool alone) {
  if (!alone) return 100;
  const bool small = LakeFileList::Of(*scan.bind_data).Rows() < kFewRows;
  return small ? kFewRows : STANDARD_VECTOR_SIZE;
}

/// Whether it asks for so many rows at most, with those that are skipped.
bool AsksForFew(const duckdb::LogicalLimit& limit, duckdb::idx_t few) {
  if (!IsConstant(limit.limit_val)) return false;
  duckdb::idx_t rows = limit.limit_val.GetConstantValue();
  if (IsConstant(limit.offset_val)) {
    rows += limit.offset_val.GetConstantValue();
  } else if (limit.offset_val.Type() != duckdb::LimitNodeType::UNSET) {
    return false;
  }
  return rows <= few;
}

/// The scan below an ORDER BY that the limit is for; nullptr when something is between.
LogicalGet* OrderedScanOf(const duckdb::LogicalLimit& limit) {
  bool ordered = false;
  LogicalOperator* below = limit.children.at(0).get();
  while (below->type == LogicalOperatorType::LOGICAL_PROJECTION ||
         below->type == LogicalOperatorType::LOGICAL_ORDER_BY) {
    ordered = ordered || below->type == LogicalOperatorType::LOGICAL_ORDER_BY;
    below = below->children.at(0).get();
  }
  if (!ordered || below->type != LogicalOperatorType::LOGICAL_GET) return nullptr;
  return &below->Cast<LogicalGet>();
}

void TakeOver(bool alone, LogicalOperator* plan) {
  if (plan->type == LogicalOperatorType::LOGICAL_LIMIT) {
    const auto& limit = plan->Cast<duckdb::LogicalLimit>();
    LogicalGet* scan = OrderedScanOf(limit);
    if (scan && scan->function.name == kLakeScan &&
        AsksForFew(limit, FewFirst(*scan, alone)) && CanUseCachedScan(*scan)) {
      UseCachedScan(&scan->function);
    }
  }
  for (auto& child : plan->children) TakeOver(alone, child.get());
}

}  // namespace

const ScanOrder* ScanOrder::Of(const duckdb::TableFunctionInitInput& input) {
  if (!input.op) return nullptr;
  const auto& scan = input.op->Cast<duckdb::PhysicalTableScan>();
  return dynamic_cast<const ScanOrder*>(scan.function.function_info.get());
}

void OrderScans(duckdb::OptimizerExtensionInput& input,
                duckdb::unique_ptr<LogicalOperator>& plan) {
  if (IsAlone(input.context)) Order(&plan);
}

void TakeOverFirstRows(duckdb::OptimizerExtensionInput& input,
                       duckdb::unique_ptr<LogicalOperator>& plan) {
  TakeOver(IsAlone(input.context), plan.get());
}

}  // namespace shoestring
