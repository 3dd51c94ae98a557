#include "job/table_version.h"

#include <algorithm>
#include <boost/json.hpp>

#include "base/error.h"
#include "job/run_info.h"

namespace shoestring {

namespace {

namespace json = boost::json;

std::string JsonNames(const std::vector<std::string>& names) {
  return json::serialize(json::array(names.begin(), names.end()));
}

std::string JsonForeignKeys(const std::vector<ForeignKey>& keys) {
  json::array array;
  for (const auto& key : keys) {
    array.push_back({{"name", key.name},
                     {"columns", json::array(key.columns.begin(), key.columns.end())},
                     {"schema", key.schema},
                     {"table", key.table},
                     {"referenced_columns", json::array(key.referenced_columns.begin(),
                                                        key.referenced_columns.end())}});
  }
  return json::serialize(array);
}

std::string JsonOrigins(const std::vector<ViewOrigin>& origins) {
  json::array array;
  for (const auto& origin : origins) {
    json::object columns;
    for (const auto& [column, names] : origin.columns) {
      columns[column] = json::array(names.begin(), names.end());
    }
    json::array unique;
    for (const auto& key : origin.unique) {
      unique.push_back(json::array(key.begin(), key.end()));
    }
    const auto& primary = origin.primary_key;
    array.push_back({{"schema", origin.schema},
                     {"table", origin.table},
                     {"columns", std::move(columns)},
                     {"primary_key", json::array(primary.begin(), primary.end())},
                     {"unique", std::move(unique)}});
  }
  return json::serialize(array);
}

std::string JsonUniqueIndexes(const std::vector<SourceIndex>& indexes) {
  json::array array;
  for (const auto& index : indexes) {
    if (!index.unique || index.primary) continue;
    array.push_back(json::array(index.columns.begin(), index.columns.end()));
  }
  return json::serialize(array);
}

// What Iceberg has no place for; docs/formats.md lists the names.
std::map<std::string, std::string> Properties(const TablePlan& plan,
                                              const MigrateOptions& options) {
  const TableDescription& source = plan.source;
  std::map<std::string, std::string> properties{
      {"shoestring.source-schema", source.schema},
      {"shoestring.source-table", source.name},
      {"shoestring.source-kind", std::string(1, source.kind)},
      {"shoestring.row-security", source.row_security ? "true" : "false"},
      {"shoestring.primary-key", JsonNames(source.PrimaryKey())},
      {"shoestring.foreign-keys", JsonForeignKeys(source.foreign_keys)},
      {"shoestring.unique", JsonUniqueIndexes(source.indexes)},
      {"shoestring.compression", ToString(options.compression)},
  };
  json::object policies;
  for (const auto& mapping : plan.mappings) {
    if (mapping.policy != AnomalyPolicy::kError) {
      policies[mapping.column] = ToString(mapping.policy);
    }
  }
  if (!policies.empty()) {
    properties["shoestring.anomalies"] = json::serialize(policies);
  }
  if (!options.where.empty()) properties["shoestring.where"] = options.where;
  if (options.limit) properties["shoestring.limit"] = std::to_string(*options.limit);
  if (!source.origins.empty()) {
    properties["shoestring.view-origins"] = JsonOrigins(source.origins);
  }
  if (!source.comment.empty()) properties["comment"] = source.comment;
  std::vector<std::string> sort;
  for (const size_t i : plan.sort) sort.push_back(plan.mappings[i].column);
  properties["shoestring.sort-columns"] = fmt::format("{}", fmt::join(sort, ","));
  return properties;
}

}  // namespace

TableChange MakeTableChange(const TablePlan& plan, const MigrateOptions& options,
                            const std::string& run, FinishedTable finished,
                            const Catalog& catalog, const LakeState& state) {
  TableChange change;
  change.run = run;
  change.source_lsn = std::move(finished.source_lsn);
  change.source_time_ms = finished.source_time_ms;
  TableMetadata& table = change.table;
  table.name = plan.name;
  table.uuid = NewTableUuid();
  const auto entry = state.tables.find(plan.name);
  if (entry != state.tables.end()) {
    change.expected_metadata = entry->second.metadata;
    try {
      const TableMetadata before = catalog.LoadTable(state, plan.name);
      table.uuid = before.uuid;
      table.sequence_number = before.sequence_number + 1;
    } catch (const Error& error) {
      // Damaged or gone: this run is how to mend it, as a new table.
      if (error.kind() != ErrorKind::kCorrupt && error.kind() != ErrorKind::kNotFound)
        throw;
    }
  }
  table.columns = plan.columns;
  table.partitioning = plan.partitioning;
  for (const size_t i : plan.sort) table.sort.push_back({plan.columns[i].field_id});
  table.snapshot_id = NewSnapshotId();
  table.committed_at_ms = NowMs();
  table.properties = Properties(plan, options);
  table.files = std::move(finished.copied.files);
  change.seal = std::move(finished.copied.seal);
  std::sort(table.files.begin(), table.files.end(),
            [](const DataFile& a, const DataFile& b) { return a.key < b.key; });
  return change;
}

}  // namespace shoestring
