#pragma once

#include <string_view>

#include "sql/query.h"

namespace shoestring {

enum class SqlDialect { kDuckdb, kTrino, kPostgres };

/// The dialect of an engine: "duckdb", "trino", "athena" or "postgres"; throws
/// kInvalidArgument for another name.
SqlDialect DialectOf(std::string_view engine);

/// The query's text. Values become placeholders, names are quoted. Throws kUnsupported
/// for what the dialect cannot say, with a message that is meant for a client.
Statement RenderQuery(const SqlQuery& query, SqlDialect dialect);

/// A name between quotes.
std::string QuoteSqlName(std::string_view name);

}  // namespace shoestring
