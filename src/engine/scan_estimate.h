#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "engine/reading_rules.h"
#include "engine/statement_plan.h"

namespace shoestring {

/// What a statement must read of one table, all scans of it together.
struct TableEstimate {
  std::string table;
  int64_t scans = 0;
  std::set<std::string> columns;
  int64_t files = 0;         ///< That partition and bounds leave,
  int64_t lake_files = 0;    ///< of so many.
  int64_t row_groups = 0;    ///< Of those files, that their bounds leave.
  int64_t column_bytes = 0;  ///< Of the columns, in those row groups.
  int64_t lake_bytes = 0;    ///< Of the whole table.
  Reads folder;              ///< By DuckDB.
  Reads bucket;              ///< By DuckDB, requests of the table's catalog included.
  Reads trino;               ///< Of data files alone, by Trino and by Athena.
};

/// At most this much is read: what only shows while a query runs (a LIMIT that is soon
/// reached, a join that meets few rows) is not known beforehand.
struct ScanEstimate {
  std::vector<TableEstimate> tables;  ///< By name.
  int64_t footers_left_out = 0;  ///< Files that were taken to be as others like them.
};

/// Looks into the footers of no more than so many files of a scan.
inline constexpr size_t kMostFooters = 64;

/// From the catalog, and from footers. Throws kCorrupt for a damaged one, and what the
/// store throws.
ScanEstimate EstimateScan(const StatementPlan& plan, ObjectStore* store);

}  // namespace shoestring
