#include "source/table_description.h"

#include <algorithm>

#include "base/json.h"

namespace shoestring {

namespace {

// The chain of a domain ends at its base type; the innermost typmod given counts.
constexpr const char* kColumnsSql = R"(
  WITH RECURSIVE tree AS (
    SELECT $1::oid AS oid
    UNION
    SELECT i.inhrelid FROM tree JOIN pg_catalog.pg_inherits i ON i.inhparent = tree.oid
  ), nullable AS (
    -- Heirs may drop it, foreign servers need not keep it, and it may not be validated.
    SELECT h.attname FROM tree JOIN pg_catalog.pg_attribute h ON h.attrelid = tree.oid
    JOIN pg_catalog.pg_class c ON c.oid = tree.oid
    LEFT JOIN pg_catalog.pg_constraint n
      ON n.conrelid = tree.oid AND n.contype = 'n' AND h.attnum = n.conkey[1]
    WHERE NOT h.attnotnull OR c.relkind = 'f' OR NOT coalesce(n.convalidated, true)
  ), columns AS (
    SELECT a.attnum, a.attname,
           a.attnotnull AND a.attname NOT IN (SELECT attname FROM nullable) AS attnotnull,
           a.attgenerated <> '' AS generated,
           pg_catalog.format_type(a.atttypid, a.atttypmod) AS declared,
           a.atttypid AS type_oid, a.atttypmod AS typmod,
           pg_catalog.col_description(a.attrelid, a.attnum) AS comment
    FROM pg_catalog.pg_attribute a
    WHERE a.attrelid = $1::oid AND a.attnum > 0 AND NOT a.attisdropped
  ), resolved AS (
    SELECT attnum, type_oid, typmod, 0 AS depth FROM columns
    UNION ALL
    SELECT r.attnum, t.typbasetype,
           CASE WHEN r.typmod >= 0 THEN r.typmod ELSE t.typtypmod END, depth + 1
    FROM resolved r JOIN pg_catalog.pg_type t ON t.oid = r.type_oid
    WHERE t.typtype = 'd'
  ), base AS (
    SELECT DISTINCT ON (attnum) attnum, type_oid, typmod
    FROM resolved ORDER BY attnum, depth DESC
  ), elements AS (
    SELECT b.attnum, t.typelem AS element_oid, 0 AS depth
    FROM base b JOIN pg_catalog.pg_type t ON t.oid = b.type_oid
    WHERE (SELECT e.typarray FROM pg_catalog.pg_type e WHERE e.oid = t.typelem) = t.oid
    UNION ALL
    SELECT e.attnum, t.typbasetype, depth + 1
    FROM elements e JOIN pg_catalog.pg_type t ON t.oid = e.element_oid
    WHERE t.typtype = 'd'
  ), element AS (
    SELECT DISTINCT ON (attnum) attnum, element_oid
    FROM elements ORDER BY attnum, depth DESC
  )
  SELECT c.attname, c.attnotnull, c.generated, c.declared, b.typmod, t.typname, t.oid,
         t.typtype, e.element_oid, et.typname, et.typtype, c.comment,
         coalesce(et.typnamespace, t.typnamespace)
           = 'pg_catalog'::pg_catalog.regnamespace AS is_system
  FROM columns c
  JOIN base b USING (attnum)
  JOIN pg_catalog.pg_type t ON t.oid = b.type_oid
  LEFT JOIN element e USING (attnum)
  LEFT JOIN pg_catalog.pg_type et ON et.oid = e.element_oid
  ORDER BY c.attnum)";

// Those of other access methods (gin, gist, hnsw, …) are not by the order of values.
constexpr const char* kIndexesSql = R"(
  SELECT c.relname, i.indisunique, i.indisprimary, coalesce(s.idx_scan, 0),
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
  WHERE i.indrelid = $1::oid AND i.indisvalid AND i.indexprs IS NULL AND i.indpred IS NULL
    AND m.amname IN ('btree', 'hash', 'brin')
  ORDER BY i.indisprimary DESC, c.oid)";

constexpr const char* kForeignKeysSql = R"(
  SELECT con.conname, n.nspname, c.relname,
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
  WHERE con.conrelid = $1::oid AND con.contype = 'f'
  ORDER BY con.conname)";

// Partitions and inheritance children at any depth; a partitioned parent has no rows.
constexpr const char* kRelationsSql = R"(
  WITH RECURSIVE tree AS (
    SELECT $1::oid AS oid
    UNION
    SELECT i.inhrelid FROM tree JOIN pg_catalog.pg_inherits i ON i.inhparent = tree.oid
  )
  SELECT n.nspname, c.relname, c.relkind,
         coalesce(am.amname = 'heap', false),
         CASE WHEN c.relkind IN ('r', 'm', 't') THEN
           pg_catalog.pg_relation_size(c.oid)
             / pg_catalog.current_setting('block_size')::bigint ELSE 0 END,
         CASE WHEN c.relkind IN ('r', 'm', 't') THEN
           pg_catalog.pg_table_size(c.oid) ELSE 0 END,
         CASE WHEN c.reltuples < 0 THEN -1 ELSE c.reltuples::bigint END,
         pg_catalog.has_table_privilege(c.oid, 'SELECT')
           AND NOT pg_catalog.row_security_active(c.oid)
  FROM tree
  JOIN pg_catalog.pg_class c USING (oid)
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  LEFT JOIN pg_catalog.pg_am am ON am.oid = c.relam
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

std::vector<SourceColumn> ReadColumns(Connection* connection, const std::string& oid) {
  const Rows rows = connection->Execute(kColumnsSql, {oid});
  std::vector<SourceColumn> columns(rows.size());
  for (int i = 0; i < rows.size(); ++i) {
    SourceColumn& column = columns[i];
    column.name = rows.Text(i, 0);
    column.not_null = rows.Boolean(i, 1);
    column.generated = rows.Boolean(i, 2);
    column.type.name = rows.Text(i, 3);
    column.type.typmod = static_cast<int32_t>(rows.Integer(i, 4));
    column.type.base_name = rows.Text(i, 5);
    column.type.base_oid = static_cast<uint32_t>(rows.Integer(i, 6));
    column.type.kind = Character(rows, i, 7);
    column.type.is_array = !rows.IsNull(i, 8);
    if (column.type.is_array) {
      column.type.element_oid = static_cast<uint32_t>(rows.Integer(i, 8));
      column.type.element_name = rows.Text(i, 9);
      column.type.element_kind = Character(rows, i, 10);
    }
    column.comment = rows.Text(i, 11);
    column.type.is_system = rows.Boolean(i, 12);
  }
  return columns;
}

std::vector<SourceIndex> ReadIndexes(Connection* connection, const std::string& oid) {
  const Rows rows = connection->Execute(kIndexesSql, {oid});
  std::vector<SourceIndex> indexes(rows.size());
  for (int i = 0; i < rows.size(); ++i) {
    indexes[i].name = rows.Text(i, 0);
    indexes[i].unique = rows.Boolean(i, 1);
    indexes[i].primary = rows.Boolean(i, 2);
    indexes[i].scans = rows.Integer(i, 3);
    indexes[i].columns = Names(rows.Text(i, 4));
  }
  return indexes;
}

std::vector<ForeignKey> ReadForeignKeys(Connection* connection, const std::string& oid) {
  const Rows rows = connection->Execute(kForeignKeysSql, {oid});
  std::vector<ForeignKey> keys(rows.size());
  for (int i = 0; i < rows.size(); ++i) {
    keys[i].name = rows.Text(i, 0);
    keys[i].schema = rows.Text(i, 1);
    keys[i].table = rows.Text(i, 2);
    keys[i].columns = Names(rows.Text(i, 3));
    keys[i].referenced_columns = Names(rows.Text(i, 4));
  }
  return keys;
}

std::vector<Relation> ReadRelations(Connection* connection, const std::string& oid) {
  const Rows rows = connection->Execute(kRelationsSql, {oid});
  std::vector<Relation> relations(rows.size());
  for (int i = 0; i < rows.size(); ++i) {
    relations[i].schema = rows.Text(i, 0);
    relations[i].name = rows.Text(i, 1);
    relations[i].kind = Character(rows, i, 2);
    relations[i].heap = rows.Boolean(i, 3);
    relations[i].pages = rows.Integer(i, 4);
    relations[i].bytes = rows.Integer(i, 5);
    relations[i].estimated_rows = static_cast<double>(rows.Integer(i, 6));
    relations[i].direct = rows.Boolean(i, 7);
  }
  return relations;
}

std::string JoinNames(const std::vector<std::string>& names) {
  return names.empty() ? "(none)" : fmt::format("{}", fmt::join(names, ", "));
}

}  // namespace

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
         std::all_of(relations.begin(), relations.end(), [](const Relation& relation) {
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

TableDescription DescribeTable(Connection* connection, const std::string& schema,
                               const std::string& name) {
  const Rows rows = connection->Execute(
      "SELECT c.oid, c.relkind, c.relrowsecurity, "
      "pg_catalog.obj_description(c.oid, 'pg_class') FROM pg_catalog.pg_class c "
      "JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
      "WHERE n.nspname = $1 AND c.relname = $2 "
      "AND c.relkind IN ('r', 'p', 'v', 'm', 'f')",
      {schema, name});
  if (rows.size() == 0) {
    throw Fail(ErrorKind::kNotFound, "No table {} in schema {}; there are: {}", name,
               schema, JoinNames(ListTables(connection, schema)));
  }
  TableDescription table;
  table.schema = schema;
  table.name = name;
  table.oid = static_cast<uint32_t>(rows.Integer(0, 0));
  table.kind = Character(rows, 0, 1);
  table.row_security = rows.Boolean(0, 2);
  table.comment = rows.Text(0, 3);
  const std::string oid = std::to_string(table.oid);
  table.columns = ReadColumns(connection, oid);
  table.indexes = ReadIndexes(connection, oid);
  table.foreign_keys = ReadForeignKeys(connection, oid);
  table.relations = ReadRelations(connection, oid);
  if (table.row_security) {
    table.policies = ReadPolicies(connection, "{" + oid + "}")[table.oid];
  }
  return table;
}

}  // namespace shoestring
