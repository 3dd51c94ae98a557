#include "job/migrate_report.h"

#include <algorithm>
#include <boost/json.hpp>

#include "base/units.h"

namespace shoestring {

namespace json = boost::json;

TableReport ReportTable(const TablePlan& plan, const CopiedTable& copied) {
  TableReport report;
  report.name = plan.name;
  report.rows = copied.rows;
  report.files = static_cast<int64_t>(copied.files.size());
  report.partitions = copied.partitions;
  for (const auto& file : copied.files) report.bytes += file.bytes;
  report.source_bytes = plan.source.bytes();
  if (plan.partitioning.granularity != Granularity::kNone) {
    report.partitioned_by = fmt::format("{}:{}", plan.partitioning.column,
                                        ToString(plan.partitioning.granularity));
  }
  std::vector<std::string> sort;
  for (const size_t i : plan.sort) sort.push_back(plan.mappings[i].column);
  report.sorted_by = fmt::format("{}", fmt::join(sort, ", "));
  for (size_t i = 0; i < copied.replaced.size(); ++i) {
    if (copied.replaced[i] == 0) continue;
    report.replaced.push_back(
        {plan.mappings[i].column, plan.mappings[i].policy, copied.replaced[i]});
  }
  if (plan.source.row_security) report.rows_draft = DraftRows(plan.source.policies);
  return report;
}

namespace {

json::object JsonTimes(const StageTimes& times) {
  return {{"source_wait_ms", times.Milliseconds(Stage::kSourceWait)},
          {"decode_ms", times.Milliseconds(Stage::kDecode)},
          {"sort_ms", times.Milliseconds(Stage::kSort)},
          {"encode_ms", times.Milliseconds(Stage::kEncode)},
          {"store_ms", times.Milliseconds(Stage::kStore)}};
}

json::value FormatRowsDraft(const std::optional<PolicyDraft>& draft) {
  if (!draft) return nullptr;
  json::object roles;
  for (const auto& [role, rows] : draft->roles) roles[role] = rows;
  return json::object{
      {"roles", std::move(roles)},
      {"not_translated", json::array(draft->open.begin(), draft->open.end())}};
}

json::array FormatResumed(const std::vector<ResumedTable>& tables) {
  json::array array;
  for (const auto& table : tables) {
    array.push_back({{"table", table.table},
                     {"run", table.run},
                     {"source_lsn", table.source_lsn},
                     {"source_time_ms", table.source_time_ms},
                     {"kept", table.kept},
                     {"why", table.why}});
  }
  return array;
}

json::array DeclaredJson(const MigrateReport& report) {
  json::array declared;
  for (const auto& outcome : report.declared) declared.emplace_back(Describe(outcome));
  return declared;
}

}  // namespace

std::string SourceAdvice(const MigrateReport& report) {
  int64_t work = 0;
  for (const Stage stage :
       {Stage::kDecode, Stage::kSort, Stage::kEncode, Stage::kStore}) {
    work += report.times.Milliseconds(stage);
  }
  const int64_t wait = report.times.Milliseconds(Stage::kSourceWait);
  constexpr int64_t kShort = 2000;
  if (wait <= 2 * work || wait < kShort) return "";
  return fmt::format(
      "the source was the limit: {}% of the time was waiting for it, at {}/s. Run this "
      "nearer to it (the same region or machine), or, if neither its line nor its CPUs "
      "are busy, with more --jobs",
      100 * wait / (wait + work),
      FormatBytes(report.copy_bytes * 1000 /
                  std::max<int64_t>(1, report.wall_ms - report.verify_ms)));
}

std::string FormatReportJson(const MigrateReport& report) {
  json::array tables;
  for (const auto& table : report.tables) {
    json::array replaced;
    for (const auto& [column, policy, values] : table.replaced) {
      replaced.push_back(
          {{"column", column}, {"policy", ToString(policy)}, {"values", values}});
    }
    tables.push_back({{"table", table.name},
                      {"rows", table.rows},
                      {"files", table.files},
                      {"partitions", table.partitions},
                      {"bytes", table.bytes},
                      {"source_bytes", table.source_bytes},
                      {"partitioned_by", table.partitioned_by},
                      {"sorted_by", table.sorted_by},
                      {"replaced", std::move(replaced)},
                      {"rows_draft", FormatRowsDraft(table.rows_draft)},
                      {"source_lsn", table.source_lsn},
                      {"kept_from", table.kept_from}});
  }
  const json::object object{{"run", report.run},
                            {"source", report.source},
                            {"lake", report.lake},
                            {"source_lsn", report.source_lsn},
                            {"source_time_ms", report.source_time_ms},
                            {"rows_verified", report.rows_verified},
                            {"wall_ms", report.wall_ms},
                            {"verify_ms", report.verify_ms},
                            {"timings", JsonTimes(report.times)},
                            {"advice", SourceAdvice(report)},
                            {"copy_bytes", report.copy_bytes},
                            {"spill_bytes", report.spill_bytes},
                            {"peak_memory_bytes", report.peak_memory_bytes},
                            {"declared", DeclaredJson(report)},
                            {"fewer_connections", report.fewer_connections},
                            {"cleared_runs", json::array(report.cleared_runs.begin(),
                                                         report.cleared_runs.end())},
                            {"resumed", FormatResumed(report.resumed)},
                            {"tables", std::move(tables)}};
  return json::serialize(object);
}

}  // namespace shoestring
