#pragma once

#include "api/postgres_type.h"
#include "api/request_query.h"
#include "sql/dialect.h"

namespace shoestring {

/// fts(simple), plfts, phfts and wfts: words looked for in a text, or in a tsvector's, by
/// regular expressions. Throws ApiError 42601 for a query that to_tsquery cannot read,
/// PGRST127 for columns of other types, and for phrases in a tsvector.
SqlExpression TextSearchSql(const Filter& filter, const PostgresType& type,
                            const SqlExpression& value, SqlDialect dialect);

}  // namespace shoestring
