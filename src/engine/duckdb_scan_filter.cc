#include "engine/duckdb_scan_filter.h"

#include <duckdb.hpp>
#include <duckdb/planner/filter/conjunction_filter.hpp>
#include <duckdb/planner/filter/constant_filter.hpp>
#include <duckdb/planner/filter/dynamic_filter.hpp>
#include <duckdb/planner/filter/in_filter.hpp>
#include <duckdb/planner/filter/null_filter.hpp>
#include <duckdb/planner/filter/optional_filter.hpp>
#include <duckdb/storage/table/column_segment.hpp>

#include <algorithm>

namespace shoestring {

namespace {

using duckdb::TableFilter;
using duckdb::TableFilterType;
using duckdb::Value;

bool IsNarrow(const duckdb::LogicalType& type) {
  return type.InternalType() != duckdb::PhysicalType::VARCHAR;
}

bool IsOptional(const TableFilter& filter) {
  return filter.filter_type == TableFilterType::OPTIONAL_FILTER;
}

std::vector<Value> ValuesAskedFor(const TableFilter& filter);

std::vector<Value> ValuesAskedFor(const duckdb::ConstantFilter& filter) {
  const bool equal = filter.comparison_type == duckdb::ExpressionType::COMPARE_EQUAL;
  if (!equal || filter.constant.IsNull()) return {};
  return {filter.constant};
}

std::vector<Value> ValuesAskedFor(const duckdb::ConjunctionOrFilter& filter) {
  std::vector<Value> values;
  for (const auto& part : filter.child_filters) {
    const auto more = ValuesAskedFor(*part);
    if (more.empty()) return {};
    values.insert(values.end(), more.begin(), more.end());
  }
  return values;
}

/// Any of which will do, in any order; nothing for a filter that asks for something else.
std::vector<Value> ValuesAskedFor(const TableFilter& filter) {
  switch (filter.filter_type) {
    case TableFilterType::CONSTANT_COMPARISON:
      return ValuesAskedFor(filter.Cast<duckdb::ConstantFilter>());
    case TableFilterType::CONJUNCTION_OR:
      return ValuesAskedFor(filter.Cast<duckdb::ConjunctionOrFilter>());
    case TableFilterType::IN_FILTER: return filter.Cast<duckdb::InFilter>().values;
    case TableFilterType::OPTIONAL_FILTER: {
      const auto& child = filter.Cast<duckdb::OptionalFilter>().child_filter;
      return child ? ValuesAskedFor(*child) : std::vector<Value>();
    }
    default: return {};
  }
}

PlacedFilter Placed(size_t place, const TableFilter& filter) {
  auto values = ValuesAskedFor(filter);
  if (values.size() > kMostValues) values.clear();
  std::ranges::sort(values);
  return {place, &filter, std::move(values)};
}

void AddParts(size_t place, const TableFilter& filter, std::vector<PlacedFilter>* to) {
  if (filter.filter_type != TableFilterType::CONJUNCTION_AND) {
    to->push_back(Placed(place, filter));
    return;
  }
  for (const auto& part : filter.Cast<duckdb::ConjunctionAndFilter>().child_filters) {
    AddParts(place, *part, to);
  }
}

duckdb::unique_ptr<TableFilter> AsItStands(const TableFilter& filter);

duckdb::unique_ptr<TableFilter> AnyAsItStands(const duckdb::ConjunctionOrFilter& filter) {
  auto any = duckdb::make_uniq<duckdb::ConjunctionOrFilter>();
  for (const auto& part : filter.child_filters) {
    auto now = AsItStands(*part);
    if (!now) return nullptr;
    any->child_filters.push_back(std::move(now));
  }
  return any;
}

duckdb::unique_ptr<TableFilter> AsItStands(const duckdb::DynamicFilter& filter) {
  if (!filter.filter_data) return nullptr;
  duckdb::DynamicFilterData& data = *filter.filter_data;
  const std::lock_guard lock(data.lock);
  return data.initialized ? data.filter->Copy() : nullptr;
}

/// One that is part of an optional filter.
duckdb::unique_ptr<TableFilter> AsItStands(const TableFilter& filter) {
  switch (filter.filter_type) {
    case TableFilterType::DYNAMIC_FILTER:
      return AsItStands(filter.Cast<duckdb::DynamicFilter>());
    case TableFilterType::CONJUNCTION_OR:
      return AnyAsItStands(filter.Cast<duckdb::ConjunctionOrFilter>());
    case TableFilterType::IS_NULL: return filter.Copy();
    default: return nullptr;
  }
}

/// What a Top-N asks for by now: once it has all its rows, it wants only better ones.
/// DuckDB's own scans heed that for row groups alone. Nothing for other filters.
duckdb::unique_ptr<TableFilter> WantedByNow(const TableFilter& filter) {
  if (!IsOptional(filter)) return nullptr;
  const auto& child = filter.Cast<duckdb::OptionalFilter>().child_filter;
  return child ? AsItStands(*child) : nullptr;
}

}  // namespace

std::vector<PlacedFilter> InOrder(const duckdb::TableFilterSet& set,
                                  const duckdb::vector<duckdb::LogicalType>& types) {
  std::vector<PlacedFilter> filters;
  for (const auto& [place, filter] : set.filters) AddParts(place, *filter, &filters);
  std::ranges::stable_sort(filters, {}, [&](const PlacedFilter& placed) {
    return std::pair(IsOptional(*placed.filter), !IsNarrow(types.at(placed.place)));
  });
  return filters;
}

bool AskForValues(const duckdb::TableFilterSet& set, size_t most) {
  std::vector<PlacedFilter> filters;
  for (const auto& [place, filter] : set.filters) AddParts(place, *filter, &filters);
  return std::ranges::any_of(filters, [&](const PlacedFilter& placed) {
    return !placed.values.empty() && placed.values.size() <= most;
  });
}

ScanFilter::ScanFilter(duckdb::ClientContext& context, const PlacedFilter& placed)
    : context_(context),
      placed_(placed),
      state_(duckdb::TableFilterState::Initialize(context, *placed.filter)) {}

void ScanFilter::Select(duckdb::Vector* values, duckdb::idx_t count,
                        duckdb::SelectionVector* selection, duckdb::idx_t* passed) {
  const auto apply = [&](const TableFilter& filter, duckdb::TableFilterState& state) {
    duckdb::UnifiedVectorFormat format;
    values->ToUnifiedFormat(count, format);
    duckdb::ColumnSegment::FilterSelection(*selection, *values, format, filter, state,
                                           count, *passed);
  };
  if (const auto now = WantedByNow(*placed_.filter)) {
    apply(*now, *duckdb::TableFilterState::Initialize(context_, *now));
  } else {
    apply(*placed_.filter, *state_);
  }
}

}  // namespace shoestring
