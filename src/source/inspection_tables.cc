#include <map>

#include "base/json.h"
#include "source/inspection_parts.h"
#include "source/policy.h"
#include "source/table_description.h"
#include "source/type_mapping.h"

namespace shoestring {

namespace {

constexpr const char* kTablesSql = R"(
  WITH RECURSIVE roots AS (
    SELECT c.oid, n.nspname, c.relname, c.relkind, c.relrowsecurity
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname IN (SELECT json_array_elements_text($1::json))
      AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition
      AND NOT EXISTS (SELECT FROM pg_depend d
                      WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid
                        AND d.deptype = 'e')
  ), tree AS (
    SELECT oid AS root, oid FROM roots
    UNION
    SELECT t.root, i.inhrelid
    FROM tree t
    JOIN pg_inherits i ON i.inhparent = t.oid
    JOIN pg_class c ON c.oid = i.inhrelid AND c.relispartition
  ), leaves AS (
    SELECT t.root, pg_relation_size(c.oid) AS heap, pg_indexes_size(c.oid) AS indexes,
           CASE WHEN c.reltoastrelid = 0 THEN 0
                ELSE pg_total_relation_size(c.reltoastrelid) END AS toast,
           CASE WHEN c.reltuples > 0 THEN c.reltuples
                WHEN s.n_tup_ins > 0 OR pg_relation_size(c.oid) = 0 THEN s.n_live_tup
                END AS rows,
           s.n_tup_ins, s.n_tup_upd, s.n_tup_del,
           coalesce(s.seq_tup_read, 0) + coalesce(s.idx_tup_fetch, 0) AS read
    FROM tree t
    JOIN pg_class c ON c.oid = t.oid AND c.relkind IN ('r', 'm', 'f')
    LEFT JOIN pg_stat_all_tables s ON s.relid = c.oid
  ), sums AS (
    SELECT root, count(*) AS leaves, sum(heap) AS heap, sum(indexes) AS indexes,
           sum(toast) AS toast, sum(rows)::bigint AS rows, sum(n_tup_ins) AS inserted,
           sum(n_tup_upd) AS updated, sum(n_tup_del) AS deleted, sum(read) AS read
    FROM leaves GROUP BY root
  )
  SELECT r.oid, r.nspname, r.relname, r.relkind, r.relrowsecurity,
         has_schema_privilege(r.nspname, 'USAGE')
           AND has_table_privilege(r.oid, 'SELECT'),
         NOT row_security_active(r.oid),
         CASE WHEN r.relkind = 'p' THEN coalesce(s.leaves, 0) ELSE 0 END,
         CASE WHEN r.relkind = 'p' THEN coalesce(s.rows, 0) ELSE s.rows END,
         coalesce(s.heap, 0), coalesce(s.indexes, 0), coalesce(s.toast, 0),
         coalesce(s.inserted, 0), coalesce(s.updated, 0), coalesce(s.deleted, 0),
         coalesce(s.read, 0)
  FROM roots r LEFT JOIN sums s ON s.root = r.oid
  ORDER BY r.nspname, r.relname)";

constexpr const char* kColumnsSql = R"(
  SELECT a.attrelid, a.attname, format_type(a.atttypid, a.atttypmod),
         a.attgenerated <> '',
         a.attidentity <> '' OR EXISTS (
           SELECT FROM pg_attrdef f
           JOIN pg_depend d ON d.classid = 'pg_attrdef'::regclass AND d.objid = f.oid
                           AND d.refclassid = 'pg_class'::regclass
           JOIN pg_class s ON s.oid = d.refobjid AND s.relkind = 'S'
           WHERE f.adrelid = a.attrelid AND f.adnum = a.attnum)
  FROM pg_attribute a
  WHERE a.attrelid = ANY ($1::oid[]) AND a.attnum > 0 AND NOT a.attisdropped
  ORDER BY a.attrelid, a.attnum)";

// Values go through text, since pg_stats has them as anyarray; a timestamp's text is
// read as its date, so nothing overflows.
constexpr const char* kDatesSql = R"(
  SELECT d.attrelid, d.attname, s.null_frac IS NOT NULL, json_build_object(
           'nulls', s.null_frac,
           'common', (SELECT coalesce(
                               json_agg(json_build_array(v - date '1970-01-01', f)), '[]')
                      FROM unnest(s.most_common_vals::text::date[], s.most_common_freqs)
                        AS common (v, f) WHERE isfinite(v)),
           'histogram', (SELECT coalesce(json_agg(v - date '1970-01-01'), '[]')
                         FROM unnest(s.histogram_bounds::text::date[]) AS bound (v)
                         WHERE isfinite(v)))
  FROM (SELECT DISTINCT ON (a.attrelid) a.attrelid, a.attname
        FROM pg_attribute a
        WHERE a.attrelid = ANY ($1::oid[]) AND a.attnum > 0 AND NOT a.attisdropped
          AND a.atttypid IN ('date'::regtype, 'timestamp'::regtype,
                             'timestamptz'::regtype)
        ORDER BY a.attrelid, a.attnotnull DESC, a.attnum) d
  JOIN pg_class c ON c.oid = d.attrelid
  JOIN pg_namespace n ON n.oid = c.relnamespace
  LEFT JOIN LATERAL (
    SELECT * FROM pg_stats p
    WHERE p.schemaname = n.nspname AND p.tablename = c.relname AND p.attname = d.attname
    ORDER BY p.inherited DESC LIMIT 1) s ON true)";

constexpr const char* kOutwardKeysSql = R"(
  SELECT con.conrelid, con.conname, n.nspname || '.' || c.relname
  FROM pg_constraint con
  JOIN pg_class c ON c.oid = con.confrelid
  JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE con.contype = 'f' AND con.conrelid = ANY ($1::oid[])
    AND n.nspname NOT IN (SELECT json_array_elements_text($2::json))
  ORDER BY con.conrelid, con.conname)";

int32_t Day(const JsonView& view) { return static_cast<int32_t>(view.Integer()); }

DateStatistics ReadDateStatistics(std::string_view text) {
  const auto document = ParseJson(text, "pg_stats");
  const JsonView view(document, "pg_stats");
  DateStatistics statistics;
  statistics.null_fraction = view["nulls"].value().to_number<double>();
  for (const auto& item : view["common"].Items()) {
    const auto pair = item.Items();
    statistics.common.emplace_back(Day(pair[0]), pair[1].value().to_number<double>());
  }
  for (const auto& item : view["histogram"].Items()) {
    statistics.histogram.push_back(Day(item));
  }
  return statistics;
}

/// Takes as many statements for a thousand tables as for ten, but for types not yet met.
class TableReader {
 public:
  TableReader(Connection* connection, const std::vector<std::string>& schemas)
      : connection_(connection), schemas_(JsonArray(schemas)) {}

  std::vector<InspectedTable> Read(int32_t today) {
    ReadTables();
    oids_ = OidArray(tables_);
    ReadColumns();
    ReadDates(today);
    ReadPolicies();
    ReadOutwardKeys();
    return std::move(tables_);
  }

 private:
  void ReadTables();
  void ReadColumns();
  void AddColumn(InspectedTable* table, const Rows& rows, int row);
  const SourceType& TypeOf(const InspectedTable& table, const std::string& declared);
  void ReadDates(int32_t today);
  void ReadPolicies();
  void ReadOutwardKeys();

  InspectedTable* Find(const Rows& rows, int row) {
    return &tables_[index_.at(static_cast<uint32_t>(rows.Integer(row, 0)))];
  }

  Connection* const connection_;
  const std::string schemas_;  ///< A JSON array.
  std::string oids_;           ///< Of tables_, an oid[].
  std::vector<InspectedTable> tables_;
  std::map<uint32_t, size_t> index_;         ///< Of tables_, by oid.
  std::map<std::string, SourceType> types_;  ///< By declaration.
};

void TableReader::ReadTables() {
  const Rows rows = connection_->Execute(kTablesSql, {schemas_});
  tables_.resize(rows.size());
  for (int i = 0; i < rows.size(); ++i) {
    InspectedTable& table = tables_[i];
    table.oid = static_cast<uint32_t>(rows.Integer(i, 0));
    index_[table.oid] = i;
    table.schema = rows.Text(i, 1);
    table.name = rows.Text(i, 2);
    table.kind = rows.Text(i, 3)[0];
    table.row_security = rows.Boolean(i, 4);
    table.readable = rows.Boolean(i, 5);
    table.every_row = rows.Boolean(i, 6);
    table.partitions = rows.Integer(i, 7);
    if (!rows.IsNull(i, 8)) table.rows = rows.Integer(i, 8);
    table.heap_bytes = rows.Integer(i, 9);
    table.index_bytes = rows.Integer(i, 10);
    table.toast_bytes = rows.Integer(i, 11);
    table.counters = {rows.Integer(i, 12), rows.Integer(i, 13), rows.Integer(i, 14),
                      rows.Integer(i, 15)};
  }
}

void TableReader::ReadColumns() {
  const Rows rows = connection_->Execute(kColumnsSql, {oids_});
  for (int i = 0; i < rows.size(); ++i) AddColumn(Find(rows, i), rows, i);
}

void TableReader::AddColumn(InspectedTable* table, const Rows& rows, int row) {
  SourceColumn column;
  column.name = rows.Text(row, 1);
  column.generated = rows.Boolean(row, 3);
  ++table->columns;
  if (column.generated) table->generated_columns.push_back(column.name);
  if (rows.Boolean(row, 4)) table->numbered_columns.push_back(column.name);
  column.type = TypeOf(*table, std::string(rows.Text(row, 2)));
  if (BecomesText(column.type)) {
    table->text_columns.push_back({column.name, column.type.name});
  }
}

// A description is a slow network's round trip: one per type that is new, not per table.
const SourceType& TableReader::TypeOf(const InspectedTable& table,
                                      const std::string& declared) {
  if (!types_.contains(declared)) {
    for (auto& column : DescribeTable(connection_, {table.schema, table.name}).columns) {
      types_.emplace(column.type.name, column.type);
    }
  }
  const auto type = types_.find(declared);
  if (type == types_.end()) {
    throw Fail(ErrorKind::kConflict, "The type {} changed during the look; run again",
               declared);
  }
  return type->second;
}

void TableReader::ReadDates(int32_t today) {
  const Rows rows = connection_->Execute(kDatesSql, {oids_});
  for (int i = 0; i < rows.size(); ++i) {
    InspectedTable* table = Find(rows, i);
    table->date_column = rows.Text(i, 1);
    if (!rows.Boolean(i, 2) || !table->rows) continue;
    table->growth =
        EstimateGrowth(ReadDateStatistics(rows.Text(i, 3)), *table->rows, today);
  }
}

void TableReader::ReadPolicies() {
  for (auto& [oid, policies] : shoestring::ReadPolicies(connection_, oids_)) {
    tables_[index_.at(oid)].policies = std::move(policies);
  }
}

void TableReader::ReadOutwardKeys() {
  const Rows rows = connection_->Execute(kOutwardKeysSql, {oids_, schemas_});
  for (int i = 0; i < rows.size(); ++i) {
    Find(rows, i)->outward_keys.push_back(
        {std::string(rows.Text(i, 1)), std::string(rows.Text(i, 2))});
  }
}

}  // namespace

std::vector<InspectedTable> ReadTables(Connection* connection,
                                       const std::vector<std::string>& schemas,
                                       int32_t today) {
  return TableReader(connection, schemas).Read(today);
}

}  // namespace shoestring
