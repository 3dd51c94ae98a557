#pragma once

#include <duckdb.hpp>

namespace shoestring {

/// Gives a database Postgres' functions for text search: to_tsvector(configuration,
/// text), json_to_tsvector(configuration, json), and ts_match_vq(tsvector, tsquery),
/// which is @@. A tsvector is its text, as in a lake, and so is a tsquery.
void RegisterTextSearch(duckdb::DuckDB& database);

}  // namespace shoestring
