#pragma once

#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "job/migrate_plan.h"
#include "job/migrate_report.h"

namespace shoestring {

/// How far a migration is. Rows and bytes of the source are estimates until they are
/// read.
struct MigrateProgress {
  std::string phase;  ///< "copying", "publishing", "proving", "committing".
  int64_t rows_expected = 0;
  int64_t rows_read = 0;
  int64_t rows_written = 0;
  int64_t bytes_read = 0;     ///< From Postgres.
  int64_t bytes_written = 0;  ///< Parquet.
  int64_t bytes_proven = 0;   ///< Read back from the lake.
  int64_t bytes_to_prove = 0;
  int tables_done = 0;
  int tables = 0;
  std::vector<ResumedTable> resumed;  ///< What an earlier run had finished.
};

/// Copies the tables under one snapshot and makes all of them visible in one commit.
/// Killed or failed at any moment, it leaves what was visible as it was; what it had
/// finished by then is kept by the next such run, as far as it still is what the source
/// holds.
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
