#include "source/inspection.h"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include "base/json.h"
#include "source/inspection_parts.h"

namespace shoestring {

namespace {

constexpr std::string_view kLockNotAvailable = "55P03";
constexpr std::string_view kQueryCanceled = "57014";

// A look must neither hang behind a lock nor load the server.
constexpr const char* kSettingsSql = R"(
  SELECT set_config(name, value, true)
  FROM (VALUES ('lock_timeout', '5s'), ('statement_timeout', '30s'))
    AS wanted (name, value))";

// Counters of a database that was never reset go back to its server's first start, or
// to its last crash, which empties all counters: pg_stat_bgwriter tells both.
constexpr const char* kServerSql = R"(
  SELECT current_setting('server_version'), current_user,
         pg_database_size(current_database()),
         current_setting('max_connections')::bigint, pg_is_in_recovery(),
         current_setting('track_counts')::boolean,
         to_char(since AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
         greatest(0, extract(epoch FROM now() - since))::bigint,
         current_date - date '1970-01-01'
  FROM (SELECT coalesce(d.stats_reset, b.stats_reset, pg_postmaster_start_time()) AS since
        FROM pg_stat_database d, pg_stat_bgwriter b
        WHERE d.datname = current_database()) AS counters)";

constexpr const char* kSchemasSql = R"(
  SELECT nspname FROM pg_namespace n
  WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'
    AND NOT EXISTS (SELECT FROM pg_depend d
                    WHERE d.classid = 'pg_namespace'::regclass AND d.objid = n.oid
                      AND d.deptype = 'e')
  ORDER BY nspname)";

constexpr const char* kExtensionsSql = R"(
  SELECT e.extname, e.extversion, n.nspname
  FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace ORDER BY e.extname)";

constexpr const char* kPublicationsSql = R"(
  SELECT p.pubname, p.puballtables, count(t.tablename)
  FROM pg_publication p LEFT JOIN pg_publication_tables t USING (pubname)
  GROUP BY p.pubname, p.puballtables ORDER BY p.pubname)";

/// What does not depend on schemas.
Inspection ReadServer(Connection* connection) {
  const Rows rows = connection->Execute(kServerSql);
  Inspection inspection;
  const std::string_view version = rows.Text(0, 0);
  inspection.server_version = version.substr(0, version.find(' '));
  inspection.role = rows.Text(0, 1);
  inspection.bytes = rows.Integer(0, 2);
  inspection.max_connections = rows.Integer(0, 3);
  inspection.standby = rows.Boolean(0, 4);
  inspection.counting = rows.Boolean(0, 5);
  inspection.counted_since = rows.Text(0, 6);
  inspection.counted_seconds = static_cast<double>(rows.Integer(0, 7));
  inspection.today = static_cast<int32_t>(rows.Integer(0, 8));
  return inspection;
}

std::vector<std::string> ChooseSchemas(Connection* connection,
                                       const std::vector<std::string>& wanted,
                                       bool supabase) {
  auto present = FirstColumn(connection->Execute(kSchemasSql));
  for (const auto& schema : wanted) {
    if (std::find(present.begin(), present.end(), schema) != present.end()) continue;
    throw Fail(ErrorKind::kNotFound, "No schema {}; there are: {}", schema,
               fmt::join(present, ", "));
  }
  if (!wanted.empty()) return wanted;
  if (supabase) std::erase_if(present, IsSupabaseSchema);
  return present;
}

std::vector<Extension> ReadExtensions(Connection* connection) {
  const Rows rows = connection->Execute(kExtensionsSql);
  std::vector<Extension> extensions;
  for (int i = 0; i < rows.size(); ++i) {
    extensions.push_back({std::string(rows.Text(i, 0)), std::string(rows.Text(i, 1)),
                          std::string(rows.Text(i, 2))});
  }
  return extensions;
}

std::vector<Publication> ReadPublications(Connection* connection) {
  const Rows rows = connection->Execute(kPublicationsSql);
  std::vector<Publication> publications;
  for (int i = 0; i < rows.size(); ++i) {
    publications.push_back(
        {std::string(rows.Text(i, 0)), rows.Boolean(i, 1), rows.Integer(i, 2)});
  }
  return publications;
}

Inspection Look(Connection* connection, const std::vector<std::string>& schemas) {
  connection->Begin();
  connection->Execute(kSettingsSql);
  Inspection inspection = ReadServer(connection);
  inspection.supabase = ReadSupabase(connection);
  inspection.schemas =
      ChooseSchemas(connection, schemas, inspection.supabase.has_value());
  inspection.tables = ReadTables(connection, inspection.schemas, inspection.today);
  inspection.triggers = ReadTriggers(connection, inspection);
  inspection.functions = ReadFunctions(connection, inspection);
  inspection.extensions = ReadExtensions(connection);
  inspection.publications = ReadPublications(connection);
  inspection.large_objects =
      TryCount(connection, "SELECT count(*) FROM pg_largeobject_metadata");
  inspection.large_object_bytes =
      TryCount(connection, "SELECT pg_total_relation_size('pg_largeobject'::regclass)")
          .value_or(0);
  connection->Execute("COMMIT");
  return inspection;
}

}  // namespace

std::optional<int64_t> TryCount(Connection* connection, const std::string& sql) {
  // Without a savepoint the first refusal would end the transaction.
  connection->Execute("SAVEPOINT look");
  try {
    const int64_t count = connection->Execute(sql).Integer(0, 0);
    connection->Execute("RELEASE look");
    return count;
  } catch (const Error& error) {
    if (error.sqlstate().empty()) throw;  // the connection is gone
    connection->Execute("ROLLBACK TO look");
    return std::nullopt;
  }
}

std::vector<std::string> FirstColumn(const Rows& rows) {
  std::vector<std::string> texts;
  for (int i = 0; i < rows.size(); ++i) texts.emplace_back(rows.Text(i, 0));
  return texts;
}

std::vector<std::string> TextArray(const Rows& rows, int row, int column) {
  const auto array = ParseJson(rows.Text(row, column), "Postgres");
  std::vector<std::string> texts;
  for (const auto& item : JsonView(array, "array").Items()) {
    texts.emplace_back(item.Text());
  }
  return texts;
}

std::string JsonArray(const std::vector<std::string>& texts) {
  return boost::json::serialize(boost::json::array(texts.begin(), texts.end()));
}

std::string OidArray(const std::vector<InspectedTable>& tables) {
  std::vector<uint32_t> oids;
  for (const auto& table : tables) oids.push_back(table.oid);
  return fmt::format("{{{}}}", fmt::join(oids, ","));
}

Inspection Inspect(Connection* connection, const std::vector<std::string>& schemas) {
  try {
    return Look(connection, schemas);
  } catch (const Error& error) {
    if (error.sqlstate() == kLockNotAvailable) {
      throw Fail(
          ErrorKind::kUnavailable,
          "A table is locked by another session (ALTER TABLE, VACUUM FULL, …): look "
          "again when that is done")
          .WithSqlstate(error.sqlstate());
    }
    if (error.sqlstate() == kQueryCanceled) {
      throw Fail(ErrorKind::kTimeout,
                 "The server took more than 30 s for one catalog query: look at fewer "
                 "schemas with --schema, or when it is less busy")
          .WithSqlstate(error.sqlstate());
    }
    throw;
  }
}

}  // namespace shoestring
