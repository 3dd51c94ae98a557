#include "job/migrate.h"

#include <boost/json.hpp>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <string_view>
#include <thread>

#include "base/error.h"
#include "job/proof.h"
#include "job/run_record.h"
#include "job/table_copy.h"
#include "lake/catalog.h"
#include "source/snapshot.h"

namespace shoestring {

namespace {

namespace json = boost::json;

constexpr int kMaxDefaultJobs = 8;
constexpr int64_t kLeastMemory = 64'000'000;

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
  if (!source.comment.empty()) properties["comment"] = source.comment;
  std::vector<std::string> sort;
  for (const size_t i : plan.sort) sort.push_back(plan.mappings[i].column);
  properties["shoestring.sort-columns"] = fmt::format("{}", fmt::join(sort, ","));
  return properties;
}

TableChange MakeChange(const TablePlan& plan, const MigrateOptions& options,
                       const std::string& run, const Snapshot& snapshot,
                       CopiedTable copied, const Catalog& catalog,
                       const LakeState& state) {
  TableChange change;
  change.run = run;
  change.source_lsn = snapshot.lsn;
  change.source_time_ms = snapshot.time_ms;
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
  table.committed_at_ms = std::chrono::duration_cast<std::chrono::milliseconds>(
                              std::chrono::system_clock::now().time_since_epoch())
                              .count();
  table.properties = Properties(plan, options);
  table.files = std::move(copied.files);
  change.seal = std::move(copied.seal);
  std::sort(table.files.begin(), table.files.end(),
            [](const DataFile& a, const DataFile& b) { return a.key < b.key; });
  return change;
}

int64_t MillisecondsSince(std::chrono::steady_clock::time_point begun) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::steady_clock::now() - begun)
      .count();
}

// Of this program alone: getrusage() would count the parent's before exec, too.
int64_t PeakMemoryBytes() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    constexpr std::string_view kPeak = "VmHWM:";
    if (!line.starts_with(kPeak)) continue;
    return std::strtoll(line.c_str() + kPeak.size(), nullptr, 10) * 1024;
  }
  return 0;
}

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
  return report;
}

class Progress {
 public:
  Progress(const std::vector<TablePlan>& plans, const MigrateOptions& options,
           const TableCopier* copier,
           const std::function<void(const MigrateProgress&)>& on_progress)
      : copier_(copier), on_progress_(on_progress) {
    for (const auto& plan : plans) {
      const int64_t rows = plan.source.EstimatedRows();
      progress_.rows_expected += options.limit ? std::min(rows, *options.limit) : rows;
    }
    progress_.tables = static_cast<int>(plans.size());
  }

  void Show(std::string phase, const ProofProgress& proof = {}) {
    progress_.bytes_proven = proof.bytes;
    const CopyCounters& counters = copier_->counters();
    progress_.rows_read = counters.rows_read;
    progress_.rows_written = counters.rows_written;
    progress_.bytes_read = counters.bytes_read;
    progress_.bytes_written = counters.bytes_written;
    progress_.tables_done = counters.tables_done;
    progress_.rows_expected = std::max(progress_.rows_expected, progress_.rows_read);
    progress_.phase = std::move(phase);
    on_progress_(progress_);
  }

 private:
  const TableCopier* copier_;
  const std::function<void(const MigrateProgress&)>& on_progress_;
  MigrateProgress progress_;
};

/// Reads back what was written and compares it with what the source sent.
void Prove(ObjectStore* store, const MigrateOptions& options, const std::stop_token& stop,
           std::vector<CopiedTable>* copied, Progress* progress) {
  std::vector<Seal> seals;
  for (auto& table : *copied) seals.push_back(std::move(table.seal));
  const auto faults = ProveCopies(store, &seals,
                                  {.jobs = options.jobs,
                                   .memory = options.memory,
                                   .stop = stop,
                                   .on_progress = [&](const ProofProgress& done) {
                                     progress->Show("proving", done);
                                   }});
  for (size_t i = 0; i < seals.size(); ++i) (*copied)[i].seal = std::move(seals[i]);
  if (faults.empty()) return;
  std::string first;
  constexpr size_t kMostShown = 5;
  for (size_t i = 0; i < std::min(faults.size(), kMostShown); ++i) {
    first += "\n" + Describe(faults[i]);
  }
  throw Fail(ErrorKind::kCorrupt,
             "The copy is not what the source sent, so nothing was changed; {} in all:{}",
             faults.size(), first);
}

}  // namespace

MigrateOptions ResolveDefaults(MigrateOptions options) {
  if (options.jobs == 0) {
    options.jobs = std::clamp(static_cast<int>(std::thread::hardware_concurrency()), 1,
                              kMaxDefaultJobs);
  }
  const auto least = [](std::string_view flag, int64_t value, int64_t bound) {
    if (value >= bound) return;
    throw Fail(ErrorKind::kInvalidArgument, "{} must be at least {}", flag, bound);
  };
  least("--jobs", options.jobs, 1);
  least("--batch-size", options.batch_rows, 1);
  least("--memory", options.memory, kLeastMemory);
  if (options.limit) least("--limit", *options.limit, 1);
  if (!options.where.empty() && options.tables.size() != 1) {
    throw Fail(ErrorKind::kInvalidArgument,
               "--where needs exactly one --table that it speaks of");
  }
  if (options.temporary_folder.empty()) {
    const char* folder = std::getenv("TMPDIR");
    options.temporary_folder = folder != nullptr && *folder != '\0' ? folder : "/var/tmp";
  }
  return options;
}

MigrateReport Migrate(const MigrateOptions& given, const std::stop_token& stop,
                      const std::function<void(const MigrateProgress&)>& on_progress) {
  const auto begun = std::chrono::steady_clock::now();
  const MigrateOptions options = ResolveDefaults(given);
  Connection connection(options.source, stop);
  const Snapshot snapshot =
      ExportSnapshot(&connection, TablesToLock(&connection, options));
  const std::vector<TablePlan> plans = PlanMigration(&connection, options);
  // Not before: a source that cannot be read must not leave an empty folder behind.
  const auto store = OpenObjectStore(options.lake, /*create=*/true, options.s3);

  std::vector<std::string> names;
  for (const auto& plan : plans) names.push_back(plan.name);
  RunRecord record(store.get(), "migrate", connection.description(), names);
  MigrateReport report;
  report.run = record.id();
  report.source = connection.description();
  report.lake = store->Uri();
  report.source_lsn = snapshot.lsn;
  report.source_time_ms = snapshot.time_ms;
  report.cleared_runs = record.cleared();
  try {
    Catalog catalog(store.get());
    const LakeState state = catalog.Load();
    CheckNamesInLake(plans, state);
    TableCopier copier(options, plans, store.get(), record.id());
    Progress progress(plans, options, &copier, on_progress);
    std::vector<CopiedTable> copied =
        copier.Run(&connection, snapshot, stop, [&] { progress.Show("copying"); });
    for (const auto& table : copied) {
      for (const auto& object : table.objects) store->Publish(object);
    }
    const auto copied_at = std::chrono::steady_clock::now();
    Prove(store.get(), options, stop, &copied, &progress);
    report.verify_ms = MillisecondsSince(copied_at);
    progress.Show("committing");
    std::vector<TableChange> changes;
    for (size_t i = 0; i < plans.size(); ++i) {
      report.tables.push_back(ReportTable(plans[i], copied[i]));
      report.rows_verified += copied[i].rows;
      changes.push_back(MakeChange(plans[i], options, record.id(), snapshot,
                                   std::move(copied[i]), catalog, state));
    }
    catalog.Commit(changes);
    report.copy_bytes = copier.counters().bytes_read;
    report.spill_bytes = copier.spilled_bytes();
    report.fewer_connections = copier.refusal();
  } catch (...) {
    try {
      record.Abandon();
    } catch (const Error&) {
      // The first error is the one to tell; the next run clears up.
    }
    throw;
  }
  report.wall_ms = MillisecondsSince(begun);
  report.peak_memory_bytes = PeakMemoryBytes();
  record.Commit(FormatReportJson(report));
  return report;
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
                      {"replaced", std::move(replaced)}});
  }
  const json::object object{{"run", report.run},
                            {"source", report.source},
                            {"lake", report.lake},
                            {"source_lsn", report.source_lsn},
                            {"source_time_ms", report.source_time_ms},
                            {"rows_verified", report.rows_verified},
                            {"wall_ms", report.wall_ms},
                            {"verify_ms", report.verify_ms},
                            {"copy_bytes", report.copy_bytes},
                            {"spill_bytes", report.spill_bytes},
                            {"peak_memory_bytes", report.peak_memory_bytes},
                            {"fewer_connections", report.fewer_connections},
                            {"cleared_runs", json::array(report.cleared_runs.begin(),
                                                         report.cleared_runs.end())},
                            {"tables", std::move(tables)}};
  return json::serialize(object);
}

}  // namespace shoestring
