#include "source/table_description.h"

#include <algorithm>
#include <boost/json.hpp>
#include <iterator>
#include <map>
#include <tuple>

#include "base/error.h"
#include "base/json.h"

namespace shoestring {

namespace {

// A view with the rights of who asks is as secured as what it reads; any other view reads
// with its owner's.
constexpr const char* kTablesSql = R"(
  WITH RECURSIVE found AS (
    SELECT wanted.place, c.oid, c.relkind
    FROM pg_catalog.json_array_elements($1::json) WITH ORDINALITY AS wanted (pair, place)
    JOIN pg_catalog.pg_namespace n ON n.nspname = wanted.pair->>0
    JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = wanted.pair->>1
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
  ), read AS (
    SELECT oid AS root, oid FROM found
    UNION
    SELECT read.root, d.refobjid
    FROM read
    JOIN pg_catalog.pg_class v ON v.oid = read.oid AND v.relkind = 'v'
    JOIN pg_catalog.pg_rewrite r ON r.ev_class = v.oid
    JOIN pg_catalog.pg_depend d
      ON d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND d.objid = r.oid
      AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
    WHERE EXISTS (SELECT FROM pg_catalog.pg_options_to_table(v.reloptions)
                  WHERE option_name = 'security_invoker' AND option_value::boolean)
  )
  SELECT place, oid, relkind,
         oid IN (SELECT read.root FROM read JOIN pg_catalog.pg_class c ON c.oid = read.oid
                 WHERE c.relrowsecurity),
         pg_catalog.obj_description(oid, 'pg_class')
  FROM found)";

// The chain of a domain ends at its base type; the innermost typmod given counts.
constexpr const char* kColumnsSql = R"(
  WITH RECURSIVE tree AS (
    SELECT oid AS root, oid FROM pg_catalog.unnest($1::oid[]) AS wanted (oid)
    UNION
    SELECT tree.root, i.inhrelid
    FROM tree JOIN pg_catalog.pg_inherits i ON i.inhparent = tree.oid
  ), nullable AS (
    -- Heirs may drop it, foreign servers need not keep it, and it may not be validated.
    SELECT tree.root, h.attname FROM tree JOIN pg_catalog.pg_attribute h ON h.attrelid = tree.oid
    JOIN pg_catalog.pg_class c ON c.oid = tree.oid
    LEFT JOIN pg_catalog.pg_constraint n
      ON n.conrelid = tree.oid AND n.contype = 'n' AND h.attnum = n.conkey[1]
    WHERE NOT h.attnotnull OR c.relkind = 'f' OR NOT coalesce(n.convalidated, true)
  ), columns AS (
    SELECT a.attrelid, a.attnum, a.attname,
           a.attnotnull AND (a.attrelid, a.attname) NOT IN
             (SELECT root, attname FROM nullable) AS attnotnull,
           a.attgenerated <> '' AS generated,
           pg_catalog.format_type(a.atttypid, a.atttypmod) AS declared,
           a.atttypid AS type_oid, a.atttypmod AS typmod,
           d.description AS comment
    FROM pg_catalog.pg_attribute a
    LEFT JOIN pg_catalog.pg_description d
      ON d.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass
        AND d.objoid = a.attrelid AND d.objsubid = a.attnum
    WHERE a.attrelid = ANY ($1::oid[]) AND a.attnum > 0 AND NOT a.attisdropped
  ), resolved AS (
    SELECT attrelid, attnum, type_oid, typmod, 0 AS depth FROM columns
    UNION ALL
    SELECT r.attrelid, r.attnum, t.typbasetype,
           CASE WHEN r.typmod >= 0 THEN r.typmod ELSE t.typtypmod END, depth + 1
    FROM resolved r JOIN pg_catalog.pg_type t ON t.oid = r.type_oid
    WHERE t.typtype = 'd'
  ), base AS (
    SELECT DISTINCT ON (attrelid, attnum) attrelid, attnum, type_oid, typmod
    FROM resolved ORDER BY attrelid, attnum, depth DESC
  ), elements AS (
    SELECT b.attrelid, b.attnum, t.typelem AS element_oid, 0 AS depth
    FROM base b JOIN pg_catalog.pg_type t ON t.oid = b.type_oid
    WHERE (SELECT e.typarray FROM pg_catalog.pg_type e WHERE e.oid = t.typelem) = t.oid
    UNION ALL
    SELECT e.attrelid, e.attnum, t.typbasetype, depth + 1
    FROM elements e JOIN pg_catalog.pg_type t ON t.oid = e.element_oid
    WHERE t.typtype = 'd'
  ), element AS (
    SELECT DISTINCT ON (attrelid, attnum) attrelid, attnum, element_oid
    FROM elements ORDER BY attrelid, attnum, depth DESC
  )
  SELECT c.attrelid, c.attname, c.attnotnull, c.generated, c.declared, b.typmod, t.typname, t.oid,
         t.typtype, e.element_oid, et.typname, et.typtype, c.comment,
         coalesce(et.typnamespace, t.typnamespace)
           = 'pg_catalog'::pg_catalog.regnamespace AS is_system
  FROM columns c
  JOIN base b USING (attrelid, attnum)
  JOIN pg_catalog.pg_type t ON t.oid = b.type_oid
  LEFT JOIN element e USING (attrelid, attnum)
  LEFT JOIN pg_catalog.pg_type et ON et.oid = e.element_oid
  ORDER BY c.attrelid, c.attnum)";

// Those of other access methods (gin, gist, hnsw, …) are not by the order of values.
constexpr const char* kIndexesSql = R"(
  SELECT i.indrelid, c.relname, i.indisunique, i.indisprimary, coalesce(s.idx_scan, 0),
         coalesce(pg_catalog.array_to_json(ARRAY(
           SELECT a.attname FROM pg_catalog.unnest(i.indkey::int2[])
             WITH ORDINALITY AS k (attnum, position)
           JOIN pg_catalog.pg_attribute a
             ON a.attrelid = i.indrelid AND a.attnum = k.attnum
           WHERE k.position <= i.indnkeyatts ORDER BY k.position)), '[]')
  FROM pg_catalog.pg_index i
  JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
  JOIN pg_catalog.pg_am m ON m.oid = c.relam
  LEFT JOIN pg_catalog.pg_stat_user_indexes s ON s.indexrelid = i.indexrelid
  WHERE i.indrelid = ANY ($1::oid[]) AND i.indisvalid AND i.indexprs IS NULL AND i.indpred IS NULL
    AND m.amname IN ('btree', 'hash', 'brin')
  ORDER BY i.indisprimary DESC, c.oid)";

constexpr const char* kForeignKeysSql = R"(
  SELECT con.conrelid, con.conname, n.nspname, c.relname,
         pg_catalog.array_to_json(ARRAY(
           SELECT a.attname FROM pg_catalog.unnest(con.conkey)
             WITH ORDINALITY AS k (attnum, position)
           JOIN pg_catalog.pg_attribute a
             ON a.attrelid = con.conrelid AND a.attnum = k.attnum ORDER BY k.position)),
         pg_catalog.array_to_json(ARRAY(
           SELECT a.attname FROM pg_catalog.unnest(con.confkey)
             WITH ORDINALITY AS k (attnum, position)
           JOIN pg_catalog.pg_attribute a
             ON a.attrelid = con.confrelid AND a.attnum = k.attnum ORDER BY k.position))
  FROM pg_catalog.pg_constraint con
  JOIN pg_catalog.pg_class c ON c.oid = con.confrelid
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE con.conrelid = ANY ($1::oid[]) AND con.contype = 'f'
  ORDER BY con.conname)";

// Partitions and inheritance children at any depth; a partitioned parent has no rows.
constexpr const char* kRelationsSql = R"(
  WITH RECURSIVE tree AS (
    SELECT oid AS root, oid FROM pg_catalog.unnest($1::oid[]) AS wanted (oid)
    UNION
    SELECT tree.root, i.inhrelid
    FROM tree JOIN pg_catalog.pg_inherits i ON i.inhparent = tree.oid
  )
  SELECT tree.root, n.nspname, c.relname, c.relkind,
         coalesce(am.amname = 'heap', false),
         files.heap / pg_catalog.current_setting('block_size')::bigint,
         files.heap + coalesce(pg_catalog.pg_relation_size(nullif(c.reltoastrelid, 0)), 0),
         CASE WHEN c.reltuples < 0 THEN -1 ELSE c.reltuples::bigint END,
         pg_catalog.has_table_privilege(c.oid, 'SELECT')
           AND NOT pg_catalog.row_security_active(c.oid)
           AND NOT (c.relpersistence = 'u' AND pg_catalog.pg_is_in_recovery())
  FROM tree
  JOIN pg_catalog.pg_class c USING (oid)
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  LEFT JOIN pg_catalog.pg_am am ON am.oid = c.relam
  -- Asked for once: each is a call of the system for every relation.
  CROSS JOIN LATERAL (SELECT CASE WHEN c.relkind IN ('r', 'm', 't')
                             THEN pg_catalog.pg_relation_size(c.oid) ELSE 0 END AS heap
                      OFFSET 0) files
  WHERE c.relkind <> 'p'
  ORDER BY n.nspname, c.relname)";

std::vector<std::string> Names(std::string_view json_array) {
  std::vector<std::string> names;
  const boost::json::value array = ParseJson(json_array, "Postgres' list of columns");
  for (const auto& name : JsonView(array, "").Items()) names.emplace_back(name.Text());
  return names;
}

char Character(const Rows& rows, int row, int column) {
  const std::string_view text = rows.Text(row, column);
  return text.empty() ? '\0' : text[0];
}

/// The tables that are being described, by what their rows begin with.
using ByOid = std::map<int64_t, TableDescription*>;

std::string OidsOf(const ByOid& tables) {
  std::vector<int64_t> oids;
  for (const auto& [oid, table] : tables) oids.push_back(oid);
  return fmt::format("{{{}}}", fmt::join(oids, ","));
}

void ReadColumns(Connection* connection, const ByOid& tables) {
  const Rows rows = connection->Execute(kColumnsSql, {OidsOf(tables)});
  for (int i = 0; i < rows.size(); ++i) {
    SourceColumn& column = tables.at(rows.Integer(i, 0))->columns.emplace_back();
    column.name = rows.Text(i, 1);
    column.not_null = rows.Boolean(i, 2);
    column.generated = rows.Boolean(i, 3);
    column.type.name = rows.Text(i, 4);
    column.type.typmod = static_cast<int32_t>(rows.Integer(i, 5));
    column.type.base_name = rows.Text(i, 6);
    column.type.base_oid = static_cast<uint32_t>(rows.Integer(i, 7));
    column.type.kind = Character(rows, i, 8);
    column.type.is_array = !rows.IsNull(i, 9);
    if (column.type.is_array) {
      column.type.element_oid = static_cast<uint32_t>(rows.Integer(i, 9));
      column.type.element_name = rows.Text(i, 10);
      column.type.element_kind = Character(rows, i, 11);
    }
    column.comment = rows.Text(i, 12);
    column.type.is_system = rows.Boolean(i, 13);
  }
}

void ReadIndexes(Connection* connection, const ByOid& tables) {
  const Rows rows = connection->Execute(kIndexesSql, {OidsOf(tables)});
  for (int i = 0; i < rows.size(); ++i) {
    SourceIndex& index = tables.at(rows.Integer(i, 0))->indexes.emplace_back();
    index.name = rows.Text(i, 1);
    index.unique = rows.Boolean(i, 2);
    index.primary = rows.Boolean(i, 3);
    index.scans = rows.Integer(i, 4);
    index.columns = Names(rows.Text(i, 5));
  }
}

void ReadForeignKeys(Connection* connection, const ByOid& tables) {
  const Rows rows = connection->Execute(kForeignKeysSql, {OidsOf(tables)});
  for (int i = 0; i < rows.size(); ++i) {
    ForeignKey& key = tables.at(rows.Integer(i, 0))->foreign_keys.emplace_back();
    key.name = rows.Text(i, 1);
    key.schema = rows.Text(i, 2);
    key.table = rows.Text(i, 3);
    key.columns = Names(rows.Text(i, 4));
    key.referenced_columns = Names(rows.Text(i, 5));
  }
}

void ReadRelations(Connection* connection, const ByOid& tables) {
  const Rows rows = connection->Execute(kRelationsSql, {OidsOf(tables)});
  for (int i = 0; i < rows.size(); ++i) {
    RowSource& relation = tables.at(rows.Integer(i, 0))->relations.emplace_back();
    relation.schema = rows.Text(i, 1);
    relation.name = rows.Text(i, 2);
    relation.kind = Character(rows, i, 3);
    relation.heap = rows.Boolean(i, 4);
    relation.pages = rows.Integer(i, 5);
    relation.bytes = rows.Integer(i, 6);
    relation.estimated_rows = static_cast<double>(rows.Integer(i, 7));
    relation.direct = rows.Boolean(i, 8);
  }
}

void ReadPolicies(Connection* connection, const ByOid& tables) {
  ByOid secured;
  std::ranges::copy_if(tables, std::inserter(secured, secured.end()),
                       [](const auto& table) { return table.second->row_security; });
  if (secured.empty()) return;
  for (auto& [oid, policies] : shoestring::ReadPolicies(connection, OidsOf(secured))) {
    secured.at(oid)->policies = std::move(policies);
  }
}

std::string JoinNames(const std::vector<std::string>& names) {
  return names.empty() ? "(none)" : fmt::format("{}", fmt::join(names, ", "));
}

Error FailUnknown(Connection* connection, const TableName& name) {
  return Fail(ErrorKind::kNotFound, "No table {} in schema {}; there are: {}", name.name,
              name.schema, JoinNames(ListTables(connection, name.schema)));
}

// In the order of the names.
std::vector<TableDescription> FindTables(Connection* connection,
                                         const std::vector<TableName>& names) {
  boost::json::array wanted;
  for (const auto& name : names) wanted.push_back({name.schema, name.name});
  const Rows rows = connection->Execute(kTablesSql, {boost::json::serialize(wanted)});
  std::vector<TableDescription> tables(names.size());
  for (int i = 0; i < rows.size(); ++i) {
    TableDescription& table = tables[static_cast<size_t>(rows.Integer(i, 0) - 1)];
    table.oid = static_cast<uint32_t>(rows.Integer(i, 1));
    table.kind = Character(rows, i, 2);
    table.row_security = rows.Boolean(i, 3);
    table.comment = rows.Text(i, 4);
  }
  for (size_t i = 0; i < names.size(); ++i) {
    if (tables[i].oid == 0) throw FailUnknown(connection, names[i]);
    tables[i].schema = names[i].schema;
    tables[i].name = names[i].name;
  }
  return tables;
}

std::vector<TableDescription> DescribeTogether(Connection* connection,
                                               const std::vector<TableName>& names) {
  std::vector<TableDescription> tables = FindTables(connection, names);
  ByOid by_oid;
  for (auto& table : tables) by_oid[table.oid] = &table;
  ReadColumns(connection, by_oid);
  ReadIndexes(connection, by_oid);
  ReadForeignKeys(connection, by_oid);
  ReadRelations(connection, by_oid);
  ReadPolicies(connection, by_oid);
  AddViewOrigins(connection, &tables);
  return tables;
}

}  // namespace

bool TableName::operator<(const TableName& other) const {
  return std::tie(schema, name) < std::tie(other.schema, other.name);
}

std::vector<std::string> TableDescription::PrimaryKey() const {
  for (const auto& index : indexes) {
    if (index.primary) return index.columns;
  }
  return {};
}

int64_t TableDescription::bytes() const {
  int64_t sum = 0;
  for (const auto& relation : relations) sum += relation.bytes;
  return sum;
}

int64_t TableDescription::EstimatedRows() const {
  constexpr int64_t kGuessedRowBytes = 100;
  int64_t sum = 0;
  for (const auto& relation : relations) {
    sum += relation.estimated_rows >= 0 ? static_cast<int64_t>(relation.estimated_rows)
                                        : relation.bytes / kGuessedRowBytes;
  }
  return sum;
}

bool TableDescription::Analyzed() const {
  return !relations.empty() &&
         std::all_of(relations.begin(), relations.end(), [](const RowSource& relation) {
           return relation.estimated_rows >= 0;
         });
}

std::vector<std::string> ListTables(Connection* connection, const std::string& schema,
                                    bool with_views) {
  const Connection::Subject subject(connection, "Tables of schema " + schema);
  const Rows rows = connection->Execute(
      "SELECT c.relname FROM pg_catalog.pg_class c "
      "JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
      "WHERE n.nspname = $1 AND c.relkind::text = ANY ($2::text[]) "
      "AND NOT c.relispartition ORDER BY c.relname",
      {schema, with_views ? "{r,p,f,v,m}" : "{r,p,f}"});
  std::vector<std::string> names;
  for (int i = 0; i < rows.size(); ++i) names.emplace_back(rows.Text(i, 0));
  return names;
}

TableDescription DescribeTable(Connection* connection, const TableName& name) {
  const Connection::Subject subject(connection, "Table " + name.name);
  return std::move(DescribeTogether(connection, {name})[0]);
}

std::vector<TableDescription> DescribeTables(Connection* connection,
                                             const std::vector<TableName>& names) {
  connection->Execute("SAVEPOINT before_tables");
  try {
    return DescribeTogether(connection, names);
  } catch (const Error& error) {
    if (error.sqlstate().empty()) throw;
  }
  // What is wrong with one of them is told with its name.
  connection->Execute("ROLLBACK TO SAVEPOINT before_tables");
  std::vector<TableDescription> tables;
  for (const auto& name : names) tables.push_back(DescribeTable(connection, name));
  return tables;
}

}  // namespace shoestring
