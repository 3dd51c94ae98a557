#include "engine/duckdb_file_pruner.h"

#include <duckdb/execution/expression_executor.hpp>
#include <duckdb/optimizer/filter_combiner.hpp>
#include <duckdb/planner/expression/bound_columnref_expression.hpp>
#include <duckdb/planner/expression/bound_constant_expression.hpp>
#include <duckdb/planner/expression_iterator.hpp>
#include <duckdb/planner/table_filter.hpp>

#include <map>

namespace shoestring {

using duckdb::Expression;
using duckdb::idx_t;
using duckdb::Value;

void FilePruner::PruneByPartition(DuckdbExpressions* filters, FileSet* files) const {
  std::erase_if(*filters, [&](const auto& filter) {
    if (!OnlyPartitionColumns(*filter)) return false;
    std::map<PartitionValues, std::optional<bool>> answers;
    for (const DataFile* file : *files) {
      auto [entry, is_new] = answers.try_emplace(file->partition);
      if (is_new) entry->second = Evaluate(*filter, file->partition);
      if (!entry->second) return false;
    }
    std::erase_if(*files,
                  [&](const DataFile* file) { return !*answers.at(file->partition); });
    return true;
  });
}

void FilePruner::PruneByBounds(const DuckdbExpressions& filters, FileSet* files) const {
  duckdb::FilterCombiner combiner(context_);
  for (const auto& filter : filters) combiner.AddFilter(filter->Copy());
  duckdb::vector<duckdb::FilterPushdownResult> ignored;
  const auto set = combiner.GenerateTableScanFilters(info_.column_indexes, ignored);
  // By what the files are divided by first: few are left to look at by the others.
  for (const bool divides : {true, false}) {
    for (const auto& [column, filter] : set.filters) {
      if (column >= table_.metadata.columns.size()) continue;
      const std::string& name = table_.metadata.columns[column].name;
      if ((name == table_.metadata.partitioning.column) != divides) continue;
      Prune(*filter, column, files);
    }
  }
}

void FilePruner::Prune(const duckdb::TableFilter& filter, size_t column,
                       FileSet* files) const {
  const FileBounds::Column& bounds = table_.bounds.Of(column);
  std::erase_if(*files, [&](const DataFile* file) {
    const auto& known = bounds[static_cast<size_t>(file - table_.metadata.files.data())];
    return known && RulesOut(filter, *known);
  });
}

/// The partition's column that an expression names, if it does.
std::optional<size_t> FilePruner::PartitionColumn(const Expression& expression) const {
  const auto& reference = expression.Cast<duckdb::BoundColumnRefExpression>();
  if (reference.binding.table_index != info_.table_index) return std::nullopt;
  const idx_t column = info_.column_ids[reference.binding.column_index];
  const size_t first = table_.metadata.columns.size();
  if (column < first || column >= table_.names.size()) return std::nullopt;
  return column - first;
}

bool FilePruner::OnlyPartitionColumns(const Expression& filter) const {
  if (filter.IsVolatile() || filter.HasSubquery() || filter.HasParameter()) return false;
  if (filter.GetExpressionType() == duckdb::ExpressionType::BOUND_COLUMN_REF) {
    return PartitionColumn(filter).has_value();
  }
  bool only = true;
  duckdb::ExpressionIterator::EnumerateChildren(filter, [&](const Expression& child) {
    only = only && OnlyPartitionColumns(child);
  });
  return only;
}

void FilePruner::Substitute(duckdb::unique_ptr<Expression>& expression,
                            const PartitionValues& values) const {
  if (expression->GetExpressionType() == duckdb::ExpressionType::BOUND_COLUMN_REF) {
    const int32_t value = values.at(*PartitionColumn(*expression));
    expression =
        duckdb::make_uniq<duckdb::BoundConstantExpression>(Value::INTEGER(value));
    return;
  }
  duckdb::ExpressionIterator::EnumerateChildren(
      *expression,
      [&](duckdb::unique_ptr<Expression>& child) { Substitute(child, values); });
}

/// Whether rows of a partition pass; nothing when that cannot be said beforehand.
std::optional<bool> FilePruner::Evaluate(const Expression& filter,
                                         const PartitionValues& values) const {
  auto copy = filter.Copy();
  Substitute(copy, values);
  Value result;
  if (!copy->IsFoldable() ||
      !duckdb::ExpressionExecutor::TryEvaluateScalar(context_, *copy, result)) {
    return std::nullopt;
  }
  return !result.IsNull() && result.GetValue<bool>();
}

}  // namespace shoestring
