#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "job/declare.h"
#include "job/migrate_plan.h"
#include "job/resume.h"
#include "job/stage_clock.h"
#include "job/table_copy.h"
#include "source/policy_draft.h"

namespace shoestring {

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
  std::optional<PolicyDraft> rows_draft;  ///< Of a table with row-level security.
  std::string source_lsn;                 ///< The moment of the source that it shows.
  std::string kept_from;  ///< The run that copied it; empty when it was this one.
};

struct MigrateReport {
  std::string run;
  std::string source;
  std::string lake;
  std::string source_lsn;
  int64_t source_time_ms = 0;
  std::vector<TableReport> tables;
  std::vector<std::string> cleared_runs;
  std::vector<ResumedTable> resumed;         ///< What earlier runs had finished.
  std::vector<DeclarationOutcome> declared;  ///< In Glue: what was moved along, or not.
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

TableReport ReportTable(const TablePlan& plan, const CopiedTable& copied);
std::string FormatReportJson(const MigrateReport& report);

}  // namespace shoestring
