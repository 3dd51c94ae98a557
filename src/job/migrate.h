#pragma once

#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "job/migrate_plan.h"
#include "job/stage_clock.h"

namespace shoestring {

/// How far a migration is. Rows and bytes of the source are estimates until they are
/// read.
struct MigrateProgress {
  std::string phase;  ///< "copying", "proving", "committing".
  int64_t rows_expected = 0;
  int64_t rows_read = 0;
  int64_t rows_written = 0;
  int64_t bytes_read = 0;     ///< From Postgres.
  int64_t bytes_written = 0;  ///< Parquet.
  int64_t bytes_proven = 0;   ///< Read back from the lake.
  int tables_done = 0;
  int tables = 0;
};

/// Values that could not be kept, and became null or the nearest that can.
struct ReplacedValues {
  std::string column;
  AnomalyPolicy policy = AnomalyPolicy::kNull;
  int64_t values = 0;
};

struct TableReport {
  std::string name;
  int64_t rows = 0;
  int64_t files = 0;
  int64_t partitions = 0;
  int64_t bytes = 0;         ///< Parquet.
  int64_t source_bytes = 0;  ///< Heap and TOAST.
  std::string partitioned_by;
  std::string sorted_by;
  std::vector<ReplacedValues> replaced;
};

struct MigrateReport {
  std::string run;
  std::string source;
  std::string lake;
  std::string source_lsn;
  int64_t source_time_ms = 0;
  std::vector<TableReport> tables;
  std::vector<std::string> cleared_runs;
  std::string fewer_connections;  ///< Why there were fewer than jobs; else empty.
  int64_t rows_verified = 0;      ///< Read back and found to be those of the source.
  int64_t wall_ms = 0;
  int64_t verify_ms = 0;  ///< Of it.
  int64_t copy_bytes = 0;
  int64_t spill_bytes = 0;
  int64_t peak_memory_bytes = 0;
  StageTimes times;  ///< Of all workers together, while they copied.
};

/// What to do about a source that was waited for more than anything else; empty when it
/// was not.
std::string SourceAdvice(const MigrateReport& report);

std::string FormatReportJson(const MigrateReport& report);

/// Copies the tables under one snapshot and makes all of them visible in one commit.
/// Killed or failed at any moment, it leaves what was visible as it was.
MigrateReport Migrate(const MigrateOptions& options, const std::stop_token& stop,
                      const std::function<void(const MigrateProgress&)>& on_progress);

/// The plan of a dry run, and what a sample of the rows tells.
struct SampleReport {
  int64_t rows = 0;
  int64_t copy_bytes = 0;
  int64_t widest_row = 0;  ///< Bytes, as Postgres sends it.
  int64_t snappy_bytes = 0;
  int64_t zstd_bytes = 0;
  int64_t months = 0;  ///< Distinct ones of the partition column; 0 without one.
  int64_t years = 0;
  std::vector<std::string> problems;  ///< Values that the copy would stumble on.
};
struct DryRun {
  std::string source;
  std::vector<TablePlan> plans;
  std::vector<SampleReport> samples;  ///< One a plan.
  double copy_bytes_per_second = 0;   ///< As the samples came.
};
DryRun PlanOnly(const MigrateOptions& options, const std::stop_token& stop);

/// Fills in what the user left open: jobs, the temporary folder. Throws kInvalidArgument.
MigrateOptions ResolveDefaults(MigrateOptions options);

}  // namespace shoestring
