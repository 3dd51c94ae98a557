#include "source/view_origin.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "base/choices.h"
#include "base/error.h"
#include "source/table_description.h"

namespace shoestring {

namespace {

constexpr const char* kRelationSql = R"(
  SELECT n.nspname, c.relname,
         CASE WHEN c.relkind IN ('v', 'm') THEN pg_catalog.pg_get_viewdef(c.oid) END
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE c.oid = $1::oid)";

constexpr const char* kColumnsSql = R"(
  SELECT attnum, attname FROM pg_catalog.pg_attribute
  WHERE attrelid = $1::oid AND attnum > 0 AND NOT attisdropped)";

/// A column by its table's oid and its number.
struct ColumnPlace {
  uint32_t table = 0;
  int column = 0;
};

/// Follows the columns of views to those of tables.
class ViewTracer {
 public:
  explicit ViewTracer(Connection* connection) : connection_(connection) {}

  struct Traced {
    TableName name;
    bool view = false;
    std::map<int, std::string> columns;  ///< By number.
    std::map<int, ColumnPlace>
        origins;  ///< Of a view's columns that are none of its own.
  };

  const Traced& Find(uint32_t oid) {
    const auto known = traced_.find(oid);
    return known != traced_.end() ? known->second : traced_[oid] = Read(oid);
  }

  /// The table's column behind a view's; nothing when it is computed.
  std::optional<ColumnPlace> Trace(ColumnPlace place) {
    std::set<uint32_t> seen;  // a rule can make a view one of itself
    while (seen.insert(place.table).second) {
      const Traced& traced = Find(place.table);
      if (!traced.view) return place;
      const auto origin = traced.origins.find(place.column);
      if (origin == traced.origins.end()) return {};
      place = origin->second;
    }
    return {};
  }

 private:
  Traced Read(uint32_t oid) {
    const std::string id = std::to_string(oid);
    Traced traced;
    const Rows relation = connection_->Execute(kRelationSql, {id});
    if (relation.size() == 0) return traced;
    traced.name = {std::string(relation.Text(0, 0)), std::string(relation.Text(0, 1))};
    traced.view = !relation.IsNull(0, 2);
    const Rows columns = connection_->Execute(kColumnsSql, {id});
    for (int i = 0; i < columns.size(); ++i) {
      traced.columns[static_cast<int>(columns.Integer(i, 0))] = columns.Text(i, 1);
    }
    if (traced.view) ReadOrigins(std::string(relation.Text(0, 2)), &traced);
    return traced;
  }

  // Postgres says of each column of a statement where it comes from; it is not run.
  void ReadOrigins(const std::string& definition, Traced* view) {
    connection_->Execute("SAVEPOINT before_view");
    try {
      int number = 0;
      for (const ResultColumn& column : connection_->Prepare(definition, {})) {
        ++number;
        if (column.table == 0 || column.number <= 0) continue;
        view->origins[number] = {column.table, column.number};
      }
      connection_->Execute("RELEASE SAVEPOINT before_view");
    } catch (const Error& error) {
      if (error.sqlstate().empty()) throw;
      connection_->Execute("ROLLBACK TO SAVEPOINT before_view");
    }
  }

  Connection* const connection_;
  std::map<uint32_t, Traced> traced_;
};

std::map<TableName, ViewOrigin> OriginsOf(const TableDescription& view,
                                          ViewTracer* tracer) {
  std::map<TableName, ViewOrigin> origins;
  for (const auto& [number, name] : tracer->Find(view.oid).columns) {
    const auto place = tracer->Trace({view.oid, number});
    if (!place) continue;
    const ViewTracer::Traced& table = tracer->Find(place->table);
    const auto column = table.columns.find(place->column);
    if (column == table.columns.end()) continue;
    ViewOrigin& origin = origins[table.name];
    origin.schema = table.name.schema;
    origin.table = table.name.name;
    origin.columns[column->second].push_back(name);
  }
  return origins;
}

void AddKeys(const TableDescription& table, ViewOrigin origin, TableDescription* view) {
  for (const SourceIndex& index : table.indexes) {
    if (!index.unique) continue;
    for (auto& shown : ChoicesFor(index.columns, origin.columns)) {
      if (index.primary && origin.primary_key.empty()) origin.primary_key = shown;
      origin.unique.push_back(std::move(shown));
    }
  }
  for (const ForeignKey& key : table.foreign_keys) {
    for (auto& shown : ChoicesFor(key.columns, origin.columns)) {
      view->foreign_keys.push_back(key);
      view->foreign_keys.back().columns = std::move(shown);
    }
  }
  view->origins.push_back(std::move(origin));
}

}  // namespace

void AddViewOrigins(Connection* connection, std::vector<TableDescription>* tables) {
  ViewTracer tracer(connection);
  std::vector<std::pair<TableDescription*, std::map<TableName, ViewOrigin>>> views;
  std::set<TableName> names;
  for (TableDescription& table : *tables) {
    if (table.kind != 'v' && table.kind != 'm') continue;
    views.emplace_back(&table, OriginsOf(table, &tracer));
    for (const auto& [name, origin] : views.back().second) names.insert(name);
  }
  if (names.empty()) return;
  const std::vector<TableName> list(names.begin(), names.end());
  const std::vector<TableDescription> described = DescribeTables(connection, list);
  for (auto& [view, origins] : views) {
    for (size_t i = 0; i < list.size(); ++i) {
      const auto found = origins.find(list[i]);
      if (found != origins.end()) AddKeys(described[i], std::move(found->second), view);
    }
  }
}

}  // namespace shoestring
