#pragma once

#include <optional>
#include <string>

#include "api/lake_schema.h"
#include "api/request_query.h"
#include "sql/dialect.h"

namespace shoestring {

/// What a field's value is: its column's type, or text or JSON inside of it.
PostgresType FieldType(const Field& field, const PostgresType& column);

/// A field's value, `table` being the alias of its table.
SqlExpression FieldSql(const Field& field, const ApiColumn& column,
                       const std::string& table);

/// A filter as a condition. Its values are read as Postgres reads them; throws ApiError
/// with Postgres' codes for those that are none, and for operators that the type does not
/// have, PGRST127 for what a lake cannot answer. Moments without a time zone are of
/// `zone`, or else of UTC.
SqlExpression FilterSql(const Filter& filter, const ApiColumn& column,
                        const std::string& table, SqlDialect dialect,
                        const std::optional<TimeZone>& zone = {});

}  // namespace shoestring
