#include "source/table_changes.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>

namespace shoestring {

namespace {

bool MayReadControlData(Connection* connection) {
  const Rows rows = connection->Execute(
      "SELECT pg_catalog.has_function_privilege("
      "'pg_catalog.pg_control_system()', 'EXECUTE')");
  return rows.Boolean(0, 0);
}

// The control file names a new timeline only after the next checkpoint; a standby has
// nothing else.
constexpr const char* kTimelineSql =
    "CASE WHEN pg_catalog.pg_is_in_recovery() "
    "THEN (SELECT timeline_id::text FROM pg_catalog.pg_control_checkpoint()) "
    "ELSE substr(pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_lsn()), 1, 8) END";

// Columns are told by their numbers, which are never given again, and relations by their
// OIDs: neither by names, which may be exchanged.
constexpr const char* kShapesSql = R"(
  WITH RECURSIVE tree AS (
    SELECT oid AS root, oid FROM pg_catalog.unnest($1::oid[]) AS wanted (oid)
    UNION
    SELECT tree.root, i.inhrelid
    FROM tree JOIN pg_catalog.pg_inherits i ON i.inhparent = tree.oid
  )
  SELECT tree.root,
         pg_catalog.string_agg(pg_catalog.concat_ws(' ', attrelid, attnum, attname,
           atttypid, atttypmod, attgenerated), E'\n' ORDER BY attrelid, attnum),
         pg_catalog.bool_or(attgenerated = 'v')
  FROM tree JOIN pg_catalog.pg_attribute a ON a.attrelid = tree.oid
  WHERE a.attnum > 0 AND NOT a.attisdropped
  GROUP BY tree.root)";

constexpr const char* kEnumsSql = R"(
  SELECT enumtypid, pg_catalog.string_agg(pg_catalog.concat_ws(' ', oid, enumlabel), E'\n'
           ORDER BY oid)
  FROM pg_catalog.pg_enum WHERE enumtypid = ANY ($1::oid[]) GROUP BY enumtypid)";

char KindOf(const SourceType& type) {
  return type.is_array ? type.element_kind : type.kind;
}

const std::string& NameOf(const SourceType& type) {
  return type.is_array ? type.element_name : type.base_name;
}

std::set<uint32_t> EnumsOf(const TableDescription& table) {
  std::set<uint32_t> oids;
  for (const auto& column : table.columns) {
    const SourceType& type = column.type;
    if (KindOf(type) != 'e') continue;
    oids.insert(type.is_array ? type.element_oid : type.base_oid);
  }
  return oids;
}

/// The labels of each enum that the tables have.
std::map<uint32_t, std::string> ReadEnums(
    Connection* connection, const std::vector<const TableDescription*>& tables) {
  std::set<uint32_t> oids;
  for (const auto* table : tables) oids.merge(EnumsOf(*table));
  std::map<uint32_t, std::string> labels;
  if (oids.empty()) return labels;
  const Rows rows =
      connection->Execute(kEnumsSql, {fmt::format("{{{}}}", fmt::join(oids, ","))});
  for (int i = 0; i < rows.size(); ++i) {
    labels[static_cast<uint32_t>(rows.Integer(i, 0))] = rows.Text(i, 1);
  }
  return labels;
}

/// True when a value's text may change though the value does not: it shows names of other
/// things, or follows settings or an extension's code.
bool TextMayChange(const SourceType& type) {
  constexpr std::array kBuiltIn = {'b', 'r', 'm'};
  constexpr std::array<std::string_view, 3> kFollowing = {"aclitem", "interval", "money"};
  if (KindOf(type) == 'e') return false;
  if (!type.is_system || !std::ranges::count(kBuiltIn, KindOf(type))) return true;
  return NameOf(type).starts_with("reg") || std::ranges::count(kFollowing, NameOf(type));
}

std::string WhyUndecidable(const TableDescription& table) {
  const bool tables = std::ranges::all_of(
      table.relations, [](const RowSource& r) { return r.kind == 'r' && r.heap; });
  if ((table.kind != 'r' && table.kind != 'p') || !tables) {
    return "only plain tables tell whether they changed";
  }
  for (const auto& column : table.columns) {
    if (!TextMayChange(column.type)) continue;
    return fmt::format("column {} does not tell: texts of {} hang on more than the rows",
                       column.name, column.type.name);
  }
  return "";
}

}  // namespace

std::string DatabaseIdentity(Connection* connection) {
  if (!MayReadControlData(connection)) return connection->description();
  const Rows rows = connection->Execute(
      fmt::format("SELECT system_identifier, {}, pg_catalog.current_database(), "
                  "pg_catalog.pg_is_in_recovery() FROM pg_catalog.pg_control_system()",
                  kTimelineSql));
  const bool standby = rows.Boolean(0, 3);
  return fmt::format("system {}, timeline {}, database {}{}{}", rows.Text(0, 0),
                     rows.Text(0, 1), rows.Text(0, 2), standby ? ", standby " : "",
                     standby ? connection->description() : "");
}

std::vector<TableShape> ShapesOfTables(
    Connection* connection, const std::vector<const TableDescription*>& tables) {
  std::vector<TableShape> shapes;
  std::vector<int64_t> oids;
  std::map<int64_t, TableShape*> by_oid;
  shapes.reserve(tables.size());
  for (const auto* table : tables) {
    shapes.push_back({fmt::format("{}\n", table->oid), WhyUndecidable(*table)});
    oids.push_back(table->oid);
    by_oid[table->oid] = &shapes.back();
  }
  const Rows rows =
      connection->Execute(kShapesSql, {fmt::format("{{{}}}", fmt::join(oids, ","))});
  for (int i = 0; i < rows.size(); ++i) {
    TableShape& shape = *by_oid.at(rows.Integer(i, 0));
    shape.text += rows.Text(i, 1);
    if (shape.undecidable.empty() && rows.Boolean(i, 2)) {
      shape.undecidable = "a virtual generated column does not tell whether it changed";
    }
  }
  const auto enums = ReadEnums(connection, tables);
  for (size_t i = 0; i < tables.size(); ++i) {
    for (const uint32_t oid : EnumsOf(*tables[i])) {
      const auto labels = enums.find(oid);
      if (labels != enums.end()) shapes[i].text += "\n" + labels->second;
    }
  }
  return shapes;
}

bool MayHaveChanged(Connection* connection, const TableDescription& table, int64_t xmin,
                    int64_t rows) {
  // A row knows the last 32 bits of the transaction that wrote it. Of all transactions
  // with those bits the youngest is taken: an older one would only be safer. 1 and 2 are
  // no transactions, but marks of rows that are older than all.
  const Rows found = connection->Execute(
      fmt::format("SELECT count(*), count(*) FILTER (WHERE id > 2 AND "
                  "((next - id) & 4294967295) <= next - $1::bigint) FROM "
                  "(SELECT xmin::text::bigint AS id, "
                  "(SELECT pg_catalog.txid_snapshot_xmax("
                  "pg_catalog.txid_current_snapshot())) AS next FROM {}) AS row_ids",
                  table.QualifiedName()),
      {std::to_string(xmin)});
  return found.Integer(0, 0) != rows || found.Integer(0, 1) != 0;
}

}  // namespace shoestring
