#pragma once

#include "api/postgres_type.h"
#include "api/request_query.h"
#include "sql/dialect.h"

namespace shoestring {

/// fts, plfts, phfts and wfts: words looked for in a text, in JSON or in a tsvector. In
/// English, as Postgres does by default, unless the filter says how. Throws what
/// ReadTextQuery does, ApiError 42704 for an unknown configuration, PGRST127 for columns
/// of other types, and for what an engine without text search, such as Trino, cannot be
/// asked by regular expressions.
SqlExpression TextSearchSql(const Filter& filter, const PostgresType& type,
                            const SqlExpression& value, SqlDialect dialect);

}  // namespace shoestring
