#include "sql/type_name.h"

#include <fmt/format.h>

namespace shoestring {

namespace {

std::string DuckdbTypeName(const SqlType& type) {
  switch (type.kind) {
    case SqlType::Kind::kBoolean: return "BOOLEAN";
    case SqlType::Kind::kInteger: return "INTEGER";
    case SqlType::Kind::kBigint: return "BIGINT";
    case SqlType::Kind::kReal: return "FLOAT";
    case SqlType::Kind::kDouble: return "DOUBLE";
    case SqlType::Kind::kDecimal:
      return fmt::format("DECIMAL({}, {})", type.precision, type.scale);
    case SqlType::Kind::kDate: return "DATE";
    case SqlType::Kind::kTimestamp: return "TIMESTAMP";
    case SqlType::Kind::kTimestampTz: return "TIMESTAMPTZ";
    case SqlType::Kind::kText: return "VARCHAR";
    case SqlType::Kind::kBytes: return "BLOB";
    case SqlType::Kind::kList: return DuckdbTypeName(type.element.at(0)) + "[]";
  }
  return "VARCHAR";
}

std::string TrinoTypeName(const SqlType& type) {
  switch (type.kind) {
    case SqlType::Kind::kReal: return "real";
    case SqlType::Kind::kTimestamp: return "timestamp(6)";
    case SqlType::Kind::kTimestampTz: return "timestamp(6) with time zone";
    case SqlType::Kind::kBytes: return "varbinary";
    case SqlType::Kind::kList:
      return fmt::format("array({})", TrinoTypeName(type.element.at(0)));
    default: return DuckdbTypeName(type);
  }
}

std::string PostgresTypeName(const SqlType& type) {
  switch (type.kind) {
    case SqlType::Kind::kReal: return "real";
    case SqlType::Kind::kDouble: return "double precision";
    case SqlType::Kind::kText: return "text";
    case SqlType::Kind::kBytes: return "bytea";
    case SqlType::Kind::kList: return PostgresTypeName(type.element.at(0)) + "[]";
    default: return DuckdbTypeName(type);
  }
}

}  // namespace

std::string SqlTypeName(const SqlType& type, SqlDialect dialect) {
  switch (dialect) {
    case SqlDialect::kDuckdb: return DuckdbTypeName(type);
    case SqlDialect::kTrino: return TrinoTypeName(type);
    case SqlDialect::kPostgres: return PostgresTypeName(type);
  }
  return "";
}

}  // namespace shoestring
