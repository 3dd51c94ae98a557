#include "job/source_sums.h"

#include <boost/json.hpp>

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>

#include "base/error.h"
#include "base/json.h"
#include "base/units.h"
#include "job/migrate.h"
#include "job/partition_sums.h"
#include "job/range_reader.h"
#include "job/table_choice.h"
#include "job/task_pool.h"
#include "source/snapshot.h"

namespace shoestring {

namespace {

constexpr const char* kMigrate = "migrate the table again";

std::string Property(const TableMetadata& table, const std::string& name) {
  const auto found = table.properties.find("shoestring." + name);
  return found == table.properties.end() ? "" : found->second;
}

/// The options under which the table was copied, as far as they decide what its rows are.
MigrateOptions OptionsOf(const TableMetadata& table, const SourceOptions& options) {
  const std::string limit = Property(table, "limit");
  if (!limit.empty()) {
    throw Fail(ErrorKind::kUnsupported,
               "Table {} holds {} rows of its source (migrate --limit), and nobody can "
               "tell which. Way out: name the other tables with --table",
               table.name, limit);
  }
  MigrateOptions migrate;
  migrate.source = options.source;
  migrate.schemas = {Property(table, "source-schema")};
  migrate.tables = {Property(table, "source-table")};
  migrate.where = Property(table, "where");
  migrate.jobs = options.jobs;
  migrate.partition_by = table.partitioning.granularity == Granularity::kNone
                             ? "none"
                             : fmt::format("{}:{}", table.partitioning.column,
                                           ToString(table.partitioning.granularity));
  if (const std::string text = Property(table, "anomalies"); !text.empty()) {
    const boost::json::value policies = ParseJson(text, table.name);
    for (const auto& [column, policy] : JsonView(policies, table.name).Members()) {
      migrate.anomalies.push_back(
          fmt::format("{}.{}={}", table.name, column, policy.Text()));
    }
  }
  return ResolveDefaults(migrate);
}

Fault FaultOf(const Seal& seal, std::string expected, std::string found) {
  return {.table = seal.table,
          .problem = "source",
          .expected = std::move(expected),
          .found = std::move(found),
          .way_out = kMigrate};
}

std::string ShowColumns(const std::vector<SealedColumn>& columns) {
  std::string text;
  for (const auto& [name, form] : columns) {
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", name, form);
  }
  return text;
}

std::vector<SealedColumn> ColumnsOf(const TablePlan& plan) {
  std::vector<SealedColumn> columns;
  for (const auto& mapping : plan.mappings) {
    columns.push_back({mapping.column, ToString(ImageFormOf(mapping))});
  }
  return columns;
}

/// One table while it is read.
struct Reading {
  const Seal* seal = nullptr;
  std::optional<TablePlan> plan;  ///< Nothing when the source has no such table any more.
  std::map<std::string, RowSum> sums;
  std::vector<Fault> faults;
};

Reading Plan(Connection* connection, const TableInSource& table,
             const SourceOptions& options) {
  Reading reading{.seal = &table.seal};
  const std::string lake_has = fmt::format("{} with the columns {}", table.table.name,
                                           ShowColumns(table.seal.columns));
  // An error must not end the transaction, which holds the snapshot.
  connection->Execute("SAVEPOINT plan");
  try {
    std::vector<TablePlan> plans =
        PlanMigration(connection, OptionsOf(table.table, options));
    // Nothing is sorted here: a row's key is its partition.
    plans[0].sort.clear();
    const auto columns = ColumnsOf(plans[0]);
    if (columns == table.seal.columns) {
      reading.plan = std::move(plans[0]);
    } else {
      reading.faults.push_back(FaultOf(table.seal, lake_has, ShowColumns(columns)));
    }
  } catch (const Error& error) {
    // The table, or a column that it was partitioned or chosen by, is gone.
    if (error.kind() != ErrorKind::kNotFound &&
        error.kind() != ErrorKind::kInvalidArgument) {
      throw;
    }
    connection->Execute("ROLLBACK TO SAVEPOINT plan");
    reading.faults.push_back(FaultOf(table.seal, lake_has, error.what()));
  }
  return reading;
}

/// The sessions that read under one snapshot, one a worker; where none can be had, the
/// exporter's serves.
class Sessions {
 public:
  Sessions(Connection* exporter, const Snapshot& snapshot, const SourceOptions& options)
      : exporter_(exporter), snapshot_(snapshot), options_(options) {
    own_.resize(static_cast<size_t>(options.jobs));
    asked_.resize(own_.size());
  }

  void Use(size_t worker, const std::stop_token& stop,
           const std::function<void(Connection*)>& work) {
    if (worker > 0 && !asked_[worker]) {
      std::string why_not;  // It takes longer then.
      own_[worker] = JoinSnapshot(options_.source, snapshot_, stop, &why_not);
      asked_[worker] = true;
    }
    if (own_[worker]) return work(own_[worker].get());
    const std::lock_guard lock(exporter_mutex_);
    work(exporter_);
  }

 private:
  Connection* const exporter_;
  const Snapshot& snapshot_;
  const SourceOptions& options_;
  std::vector<std::unique_ptr<Connection>> own_;  ///< By worker.
  std::vector<char> asked_;                       ///< By worker, for its own.
  std::mutex exporter_mutex_;
};

struct Task {
  Reading* table;
  size_t range;
};

class Reader {
 public:
  Reader(Sessions* sessions, const SourceOptions& options, int64_t rows_expected)
      : sessions_(sessions), options_(options) {
    progress_.rows_expected = rows_expected;
  }

  void Run(int jobs, const std::vector<Task>& tasks) {
    RunTasks(
        jobs, tasks.size(), options_.stop, [this] { Show(); },
        [&](size_t worker, size_t i, const std::stop_token& stop) {
          sessions_->Use(worker, stop,
                         [&](Connection* connection) { Read(connection, tasks[i]); });
        });
  }

 private:
  void Show() {
    progress_.rows = rows_;
    options_.on_progress(progress_);
  }

  void Read(Connection* connection, const Task& task) {
    const TablePlan& plan = *task.table->plan;
    ValueCleaner cleaner(plan.mappings);
    PartitionSums sums(plan);
    const RowKey row_key = plan.MakeRowKey();
    std::string key;
    ReadRange(connection, plan, task.range, &cleaner,
              {.on_row =
                   [&](const ValueCleaner::Row& row) {
                     key.clear();
                     row_key.Append(row.fields, &key);
                     sums.Add(key, row.fields, row.tuple);
                   },
               .on_data = [&](int64_t rows, int64_t) { rows_ += rows; }});
    const std::lock_guard lock(mutex_);
    sums.AddTo(&task.table->sums);
  }

  Sessions* const sessions_;
  const SourceOptions& options_;
  SourceProgress progress_;
  std::atomic<int64_t> rows_ = 0;
  std::mutex mutex_;  ///< Of the tables' sums.
};

std::string ShowRows(const RowSum& rows) { return FormatCount(rows.rows) + " rows"; }

void Compare(Reading* table) {
  std::map<std::string, RowSum> lake;
  for (const auto& [path, rows] : table->seal->partitions) lake[path] += rows;
  for (const auto& [path, rows] : table->sums) lake.try_emplace(path);
  for (const auto& [path, rows] : lake) {
    const RowSum& now = table->sums[path];
    if (now == rows) continue;
    Fault fault = FaultOf(*table->seal, ShowRows(rows), ShowRows(now) + " in the source");
    fault.partition = path;
    if (now.rows == rows.rows) fault.found += ", of which some are others";
    table->faults.push_back(std::move(fault));
  }
}

}  // namespace

SourceReport CompareWithSource(const std::vector<TableInSource>& tables,
                               const SourceOptions& options) {
  Connection exporter(options.source, options.stop);
  ReadRelations relations;
  int64_t rows_expected = 0;
  for (const auto& table : tables) {
    const auto more = RelationsToLock(&exporter, OptionsOf(table.table, options));
    relations.tables.insert(relations.tables.end(), more.tables.begin(),
                            more.tables.end());
    relations.views.insert(relations.views.end(), more.views.begin(), more.views.end());
    for (const auto& partition : table.seal.partitions) {
      rows_expected += partition.rows.rows;
    }
  }
  const Snapshot snapshot = ExportSnapshot(&exporter, relations);
  std::vector<Reading> readings;
  for (const auto& table : tables) readings.push_back(Plan(&exporter, table, options));

  std::vector<Task> alone;
  std::vector<Task> together;
  for (Reading& reading : readings) {
    if (!reading.plan) continue;
    for (size_t range = 0; range < reading.plan->ranges.size(); ++range) {
      (ForExporter(*reading.plan) ? alone : together).push_back({&reading, range});
    }
  }
  Sessions sessions(&exporter, snapshot, options);
  Reader reader(&sessions, options, rows_expected);
  reader.Run(1, alone);
  reader.Run(options.jobs, together);

  SourceReport report{.description = exporter.description(), .lsn = snapshot.lsn};
  for (Reading& reading : readings) {
    if (reading.plan) Compare(&reading);
    SourceComparison comparison;
    for (const auto& [path, rows] : reading.sums) comparison.rows += rows.rows;
    comparison.faults = std::move(reading.faults);
    report.tables.push_back(std::move(comparison));
  }
  return report;
}

}  // namespace shoestring
