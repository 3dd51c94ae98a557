#pragma once

#include <duckdb/main/database.hpp>

#include <memory>

#include "engine/duckdb_lake_tables.h"

namespace shoestring {

/// Adds the table function lake_scan('TABLE') and views over it: "t" for each table, and
/// also public.t, or for "s.t" also s.t. The scan is DuckDB's Parquet scan with the
/// lake's own knowledge: columns, types, row counts and partitions come from the catalog,
/// and a file that its partition or bounds rule out is never opened. Scans are read ahead
/// of by `remote`, unless it is nullptr.
void RegisterLakeTables(duckdb::DuckDB& database, std::shared_ptr<LakeTables> tables,
                        RemoteReads* remote);

}  // namespace shoestring
