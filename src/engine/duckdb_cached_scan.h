#pragma once

#include <duckdb/planner/operator/logical_get.hpp>

namespace shoestring {

struct LakeReads;

/// Lets lake_scan be run by us in place of DuckDB's own Parquet scan: over the decoded
/// columns that `reads` keeps, one row group after the other, leaving out row groups and
/// vectors whose bounds its filters rule out, and reading a column only where rows are
/// left.
void UseCachedScan(duckdb::TableFunction* function);

/// Whether it can be, which one over files cannot for each type of column.
bool CanUseCachedScan(const duckdb::LogicalGet& get);

/// Whether it is run by us.
bool IsCachedScan(const duckdb::LogicalGet& get);

}  // namespace shoestring
