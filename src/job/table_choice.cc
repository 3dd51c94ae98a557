#include "job/table_choice.h"

#include <algorithm>
#include <boost/json.hpp>

#include "base/error.h"

namespace shoestring {

namespace {

// Where in the schemas that were named a table is; "schema.table" says it itself.
TableName FindTable(const std::vector<TableName>& all, const MigrateOptions& options,
                    const std::string& given) {
  std::vector<TableName> found;
  for (const auto& table : all) {
    if (table.name == given) found.push_back(table);
  }
  if (found.size() == 1) return found[0];
  if (found.size() > 1) {
    throw Fail(ErrorKind::kInvalidArgument,
               "--table {0}: it is in several schemas. Way out: --table {1}.{0}", given,
               found[0].schema);
  }
  const size_t dot = given.find('.');
  if (dot == std::string::npos) return {options.schemas[0], given};
  return {given.substr(0, dot), given.substr(dot + 1)};
}

std::vector<TableName> ListAll(Connection* connection, const MigrateOptions& options,
                               bool with_views) {
  std::vector<TableName> all;
  for (const auto& schema : options.schemas) {
    const auto names = ListTables(connection, schema, with_views);
    for (const auto& name : names) all.push_back({schema, name});
    if (!names.empty() || with_views) continue;
    throw Fail(ErrorKind::kNotFound,
               "Schema {} has no tables to migrate. Way out: name the schema with "
               "--schema",
               schema);
  }
  return all;
}

bool IsCalled(const TableName& table, const std::string& name) {
  return table.name == name || table.schema + "." + table.name == name;
}

// A name that was mistyped would be copied, although it was to be left out.
void CheckExcluded(Connection* connection, const MigrateOptions& options) {
  if (options.exclude.empty()) return;
  const std::vector<TableName> all = ListAll(connection, options, /*with_views=*/true);
  for (const auto& excluded : options.exclude) {
    if (std::any_of(all.begin(), all.end(),
                    [&](const TableName& table) { return IsCalled(table, excluded); })) {
      continue;
    }
    throw Fail(ErrorKind::kNotFound, "--exclude: there is no table {}", excluded);
  }
}

}  // namespace

std::vector<TableName> ChooseTables(Connection* connection,
                                    const MigrateOptions& options) {
  // A view's rows are already in its tables: views are migrated only when asked for.
  std::vector<TableName> tables = ListAll(
      connection, options, /*with_views=*/options.views || !options.tables.empty());
  if (!options.tables.empty()) {
    const std::vector<TableName> all = std::move(tables);
    tables.clear();
    for (const auto& given : options.tables) {
      tables.push_back(FindTable(all, options, given));
    }
  }
  CheckExcluded(connection, options);
  for (const auto& excluded : options.exclude) {
    std::erase_if(tables,
                  [&](const TableName& table) { return IsCalled(table, excluded); });
  }
  std::sort(tables.begin(), tables.end());
  tables.erase(std::unique(tables.begin(), tables.end()), tables.end());
  if (tables.empty()) {
    throw Fail(ErrorKind::kNotFound,
               "There are no tables to migrate: --exclude leaves none");
  }
  return tables;
}

ReadRelations RelationsToLock(Connection* connection, const MigrateOptions& options) {
  // A transaction of its own: what follows must be locked before a moment is chosen.
  connection->Begin();
  boost::json::array names;
  for (const auto& table : ChooseTables(connection, options)) {
    names.push_back({table.schema, table.name});
  }
  const Rows rows = connection->Execute(
      "SELECT n.nspname, c.relname, c.relkind <> 'm', c.relkind IN ('v', 'm') "
      "FROM pg_catalog.pg_class c "
      "JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
      "JOIN pg_catalog.json_array_elements($1::json) AS wanted (pair) "
      "ON n.nspname = pair->>0 AND c.relname = pair->>1 "
      "WHERE c.relkind IN ('r', 'p', 'v', 'm')",
      {boost::json::serialize(names)});
  ReadRelations relations;
  for (int i = 0; i < rows.size(); ++i) {
    const std::string name = QuoteQualified(rows.Text(i, 0), rows.Text(i, 1));
    if (rows.Boolean(i, 2)) relations.tables.push_back(name);
    if (rows.Boolean(i, 3)) relations.views.push_back(name);
  }
  connection->Execute("COMMIT");
  return relations;
}

}  // namespace shoestring
