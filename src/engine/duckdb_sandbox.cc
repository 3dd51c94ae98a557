#include "engine/duckdb_sandbox.h"

#include <duckdb/catalog/catalog.hpp>
#include <duckdb/catalog/catalog_entry/schema_catalog_entry.hpp>
#include <duckdb/parser/parsed_data/drop_info.hpp>
#include <duckdb/parser/parser.hpp>
#include <duckdb/parser/statement/explain_statement.hpp>
#include <duckdb/transaction/meta_transaction.hpp>

#include <set>

#include "base/error.h"
#include "engine/duckdb_file_system.h"

namespace shoestring {

namespace {

using duckdb::CatalogType;
using duckdb::ClientContext;
using duckdb::StatementType;

/// The table functions that queries may call: values, JSON, and what SHOW, DESCRIBE and
/// the information schema are made of. All others go, those of later DuckDBs included.
const std::set<std::string>& AllowedTableFunctions() {
  static const std::set<std::string> kAllowed = {"duckdb_columns",
                                                 "duckdb_constraints",
                                                 "duckdb_databases",
                                                 "duckdb_dependencies",
                                                 "duckdb_functions",
                                                 "duckdb_indexes",
                                                 "duckdb_keywords",
                                                 "duckdb_schemas",
                                                 "duckdb_sequences",
                                                 "duckdb_settings",
                                                 "duckdb_tables",
                                                 "duckdb_types",
                                                 "duckdb_views",
                                                 "generate_series",
                                                 "json_each",
                                                 "json_tree",
                                                 "lake_scan",
                                                 "pg_timezone_names",
                                                 "pragma_collations",
                                                 "pragma_show",
                                                 "pragma_table_info",
                                                 "pragma_version",
                                                 "query",
                                                 "query_table",
                                                 "range",
                                                 "repeat",
                                                 "repeat_row",
                                                 "summary",
                                                 "test_all_types",
                                                 "unnest"};
  return kAllowed;
}

std::vector<std::string> ForbiddenTableFunctions(ClientContext& context,
                                                 duckdb::SchemaCatalogEntry& schema) {
  std::vector<std::string> names;
  schema.Scan(context, CatalogType::TABLE_FUNCTION_ENTRY,
              [&](duckdb::CatalogEntry& entry) {
                const bool is_macro = entry.type != CatalogType::TABLE_FUNCTION_ENTRY;
                if (is_macro || AllowedTableFunctions().contains(entry.name)) return;
                names.push_back(entry.name);
              });
  return names;
}

void DropTableFunctions(duckdb::Connection& connection) {
  connection.BeginTransaction();
  ClientContext& context = *connection.context;
  duckdb::Catalog& catalog = duckdb::Catalog::GetSystemCatalog(context);
  duckdb::DatabaseModificationType modification;
  modification |= duckdb::DatabaseModificationType::DROP_CATALOG_ENTRY;
  duckdb::MetaTransaction::Get(context).ModifyDatabase(catalog.GetAttached(),
                                                       modification);
  auto& schema = catalog.GetSchema(context, DEFAULT_SCHEMA);
  for (const std::string& name : ForbiddenTableFunctions(context, schema)) {
    duckdb::DropInfo drop;
    drop.type = CatalogType::TABLE_FUNCTION_ENTRY;
    drop.schema = DEFAULT_SCHEMA;
    drop.name = name;
    drop.allow_drop_internal = true;
    schema.DropEntry(context, drop);
  }
  connection.Commit();
}

/// SELECT and all that is one (FROM, VALUES, WITH, SHOW, DESCRIBE, SUMMARIZE).
void CheckReads(StatementType type) {
  if (type == StatementType::SELECT_STATEMENT) return;
  if (type == StatementType::MULTI_STATEMENT) {
    throw Fail(ErrorKind::kInvalidArgument,
               "PIVOT must name its values here: PIVOT t ON column IN (…) USING …");
  }
  throw Fail(ErrorKind::kInvalidArgument,
             "Only statements that read are allowed (SELECT, WITH, VALUES, FROM, SHOW, "
             "DESCRIBE, SUMMARIZE, and EXPLAIN of these), not: {}",
             duckdb::StatementTypeToString(type));
}

}  // namespace

void LockDown(duckdb::DuckDB& database) {
  // They would turn a table name that is not found into a file's.
  duckdb::DBConfig::GetConfig(*database.instance).replacement_scans.clear();
  duckdb::Connection connection(database);
  DropTableFunctions(connection);
  for (const std::string& statement :
       {fmt::format("SET GLOBAL allowed_directories = ['{}']", LakeFileSystem::kPrefix),
        std::string("SET GLOBAL enable_external_access = false"),
        std::string("SET GLOBAL lock_configuration = true")}) {
    const auto result = connection.Query(statement);
    if (result->HasError()) result->ThrowError();
  }
}

duckdb::unique_ptr<duckdb::SQLStatement> ParseRead(ClientContext& context,
                                                   const std::string& sql) {
  duckdb::Parser parser(context.GetParserOptions());
  parser.ParseQuery(sql);
  if (parser.statements.empty()) {
    throw Fail(ErrorKind::kInvalidArgument, "The statement is empty");
  }
  if (parser.statements.size() > 1) {
    throw Fail(ErrorKind::kInvalidArgument, "One statement at a time, not: {}",
               parser.statements.size());
  }
  auto statement = std::move(parser.statements.front());
  if (statement->type == StatementType::EXPLAIN_STATEMENT) {
    CheckReads(statement->Cast<duckdb::ExplainStatement>().stmt->type);
  } else {
    CheckReads(statement->type);
  }
  return statement;
}

void CheckPlanned(duckdb::PendingQueryResult& planned) {
  const StatementType type = planned.statement_type;
  if (type != StatementType::EXPLAIN_STATEMENT) CheckReads(type);
  if (!planned.properties.IsReadOnly()) {
    throw Fail(ErrorKind::kInvalidArgument, "Only statements that read are allowed");
  }
}

}  // namespace shoestring
