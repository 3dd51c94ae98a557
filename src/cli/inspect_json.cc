#include <boost/json.hpp>

#include "cli/inspect_report.h"
#include "source/policy_draft.h"
#include "source/write_rates.h"

namespace shoestring {

namespace {

namespace json = boost::json;

template <typename T>
json::value OrNull(const std::optional<T>& value) {
  return value ? json::value(*value) : json::value(nullptr);
}

json::array Strings(const std::vector<std::string>& texts) {
  return json::array(texts.begin(), texts.end());
}

json::object ToJson(Range range) { return {{"low", range.low}, {"high", range.high}}; }

json::object ToJson(const Policy& policy) {
  return {{"name", policy.name},
          {"command", policy.command},
          {"permissive", policy.permissive},
          {"roles", Strings(policy.roles)},
          {"using", policy.using_text},
          {"check", policy.check_text},
          {"calls", Strings(policy.calls)}};
}

json::value DraftJson(const InspectedTable& table) {
  if (!table.row_security) return nullptr;
  const PolicyDraft draft = DraftRows(table.policies);
  json::object roles;
  for (const auto& [role, rows] : draft.roles) roles[role] = rows;
  return json::object{{"roles", std::move(roles)},
                      {"not_translated", Strings(draft.open)}};
}

json::object ToJson(const OutwardKey& key) {
  return {{"name", key.name}, {"references", key.target}};
}

json::object ToJson(const TextColumn& column) {
  return {{"column", column.name}, {"type", column.type}};
}

json::object ToJson(const SourceFunction& function) {
  return {{"name", function.name},
          {"language", function.language},
          {"kind", std::string(1, function.kind)},
          {"security_definer", function.security_definer},
          {"used_by", Strings(function.used_by)}};
}

json::object ToJson(const Trigger& trigger) {
  return {{"table", trigger.table},
          {"name", trigger.name},
          {"function", trigger.function},
          {"definition", trigger.definition},
          {"enabled", trigger.enabled}};
}

json::object ToJson(const Extension& extension) {
  return {{"name", extension.name},
          {"version", extension.version},
          {"schema", extension.schema}};
}

json::object ToJson(const Publication& publication) {
  return {{"name", publication.name},
          {"all_tables", publication.all_tables},
          {"tables", publication.tables}};
}

json::object ToJson(const Scenario& scenario) {
  return {{"name", scenario.name},
          {"possible", scenario.possible},
          {"today", ToJson(scenario.today)},
          {"after", ToJson(scenario.after)},
          {"condition", scenario.condition}};
}

template <typename T>
json::array Objects(const std::vector<T>& items) {
  json::array array;
  for (const T& item : items) array.push_back(ToJson(item));
  return array;
}

json::value GrowthJson(const InspectedTable& table) {
  if (!table.growth) return nullptr;
  return json::object{{"column", table.date_column},
                      {"latest", IsoDate(table.growth->latest)},
                      {"rows_per_month", table.growth->rows_per_month}};
}

json::object TableJson(const InspectedTable& table, const TableFate& fate,
                       const Inspection& inspection) {
  const WriteRates rates = RatesOf(table, inspection);
  const Counters& counters = table.counters;
  return {{"schema", table.schema},
          {"name", table.name},
          {"kind", KindName(table.kind)},
          {"rows_estimated", OrNull(table.rows)},
          {"columns", table.columns},
          {"partitions", table.partitions},
          {"heap_bytes", table.heap_bytes},
          {"toast_bytes", table.toast_bytes},
          {"index_bytes", table.index_bytes},
          {"inserted", counters.inserted},
          {"updated", counters.updated},
          {"deleted", counters.deleted},
          {"rows_read", counters.read},
          {"read_share", ReadShare(table, inspection)},
          {"inserts_per_second", OrNull(rates.inserts)},
          {"changes_per_second", OrNull(rates.changes)},
          {"growth", GrowthJson(table)},
          {"readable", table.readable},
          {"every_row_visible", table.every_row},
          {"row_security", table.row_security},
          {"policies", Objects(table.policies)},
          {"rows_draft", DraftJson(table)},
          {"numbered_columns", Strings(table.numbered_columns)},
          {"generated_columns", Strings(table.generated_columns)},
          {"outward_foreign_keys", Objects(table.outward_keys)},
          {"text_columns", Objects(table.text_columns)},
          {"fate", FateName(fate.fate)},
          {"reasons", Strings(fate.reasons)}};
}

json::value SupabaseJson(const InspectReport& report) {
  if (!report.inspection.supabase) return nullptr;
  const SupabaseUse& use = *report.inspection.supabase;
  return json::object{{"users", OrNull(use.users)},
                      {"buckets", OrNull(use.buckets)},
                      {"objects", OrNull(use.objects)},
                      {"object_bytes", OrNull(use.object_bytes)},
                      {"cron_jobs", OrNull(use.cron_jobs)},
                      {"realtime_tables", Strings(use.realtime_tables)},
                      {"compute_guessed", report.verdict.compute}};
}

json::object VerdictJson(const Verdict& verdict) {
  return {{"advice", AdviceName(verdict.advice)},
          {"headline", verdict.headline},
          {"reasons", Strings(verdict.reasons)},
          {"moving_bytes", verdict.moving_bytes},
          {"staying_bytes", verdict.staying_bytes},
          {"lake_bytes", ToJson(verdict.lake_bytes)},
          {"prices_as_of", ShippedPrices().as_of},
          {"storage_dollars_month", ToJson(verdict.storage_month)},
          {"assumed_queries_month", kAssumedQueries},
          {"duckdb_dollars_month", verdict.duckdb_month},
          {"athena_dollars_month", verdict.athena_month},
          {"athena_full_scan_dollars", ToJson(verdict.athena_full_scan)},
          {"scenarios", Objects(verdict.scenarios)}};
}

json::array TablesJson(const InspectReport& report) {
  json::array tables;
  for (size_t i = 0; i < report.inspection.tables.size(); ++i) {
    tables.push_back(TableJson(report.inspection.tables[i], report.verdict.tables[i],
                               report.inspection));
  }
  return tables;
}

}  // namespace

std::string AsJson(const InspectReport& report) {
  const Inspection& inspection = report.inspection;
  return json::serialize(
      json::object{{"source", report.source},
                   {"server_version", inspection.server_version},
                   {"role", inspection.role},
                   {"database_bytes", inspection.bytes},
                   {"max_connections", inspection.max_connections},
                   {"standby", inspection.standby},
                   {"counted_since", inspection.counted_since},
                   {"rates_unknown_because", CountersDoubt(inspection)},
                   {"schemas", Strings(inspection.schemas)},
                   {"tables", TablesJson(report)},
                   {"triggers", Objects(inspection.triggers)},
                   {"functions", Objects(inspection.functions)},
                   {"extensions", Objects(inspection.extensions)},
                   {"publications", Objects(inspection.publications)},
                   {"large_objects", OrNull(inspection.large_objects)},
                   {"large_object_bytes", inspection.large_object_bytes},
                   {"supabase", SupabaseJson(report)},
                   {"growth_bytes_per_month", report.growth_bytes_month},
                   {"verdict", VerdictJson(report.verdict)}});
}

}  // namespace shoestring
