#pragma once

#include <duckdb.hpp>

namespace shoestring {

/// Adds Postgres' functions jsonb_contains(a, b), which is a @> b, and jsonb_eq(a, b), to
/// the database, for JSON in texts. DuckDB's own json_contains finds what it looks for at
/// any depth, and compares numbers and members as they are written.
void RegisterJsonb(duckdb::DuckDB& database);

}  // namespace shoestring
