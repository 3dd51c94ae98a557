#pragma once

#include <duckdb/main/database.hpp>
#include <duckdb/planner/operator/logical_get.hpp>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/duckdb_lake_files.h"
#include "engine/duckdb_lake_tables.h"
#include "engine/statement_plan.h"

namespace shoestring {

struct LakeView {
  std::string schema;
  std::string name;
};
/// The views of a table: t in main and in public, or for "s.t" s.t in main and t in s.
std::vector<LakeView> LakeViewsOf(const std::string& table);

/// Adds the table function lake_scan('TABLE') and views over it: "t" for each table, and
/// also public.t, or for "s.t" also s.t. The scan is DuckDB's Parquet scan with the
/// lake's own knowledge: columns, types, row counts and partitions come from the catalog,
/// and a file that its partition or bounds rule out is never opened. Where a filter is
/// left, and of a copy in memory, the scan is one over decoded columns
/// (duckdb_cached_scan.h).
void RegisterLakeTables(duckdb::DuckDB& database, std::shared_ptr<LakeTables> tables,
                        const LakeReads& reads);

/// What a bound scan reads the lake through.
LakeReads LakeReadsOf(const duckdb::FunctionData& bind_data);

/// Opening more files than these takes one thread longer than a short query may,
inline constexpr size_t kFewFiles = 32;
/// and so does looking at more rows.
inline constexpr duckdb::idx_t kFewRows = 2 * DEFAULT_ROW_GROUP_SIZE;

/// How many threads the rows of a scan are worth.
duckdb::idx_t ThreadsFor(const LakeFileList& list);

/// Before a scan opens its first file: tells whether it wants help, unless that is to
/// turn out, and on a remote store begins to read what it will ask for.
void PrepareScan(duckdb::ClientContext& context,
                 const duckdb::TableFunctionInitInput& input);

/// A scan as it stands in a plan; nothing for one of another function.
std::optional<PlannedScan> PlannedScanOf(const duckdb::LogicalGet& get);

}  // namespace shoestring
