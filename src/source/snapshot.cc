#include "source/snapshot.h"

#include <optional>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <boost/json.hpp>

namespace shoestring {

namespace {

constexpr int kTries = 10;

void LockTables(Connection* connection, const std::vector<std::string>& tables) {
  std::vector<Command> locks;
  for (const auto& table : tables) {
    locks.push_back(
        {"LOCK TABLE " + table + " IN ACCESS SHARE MODE", {}, "Table " + table});
  }
  connection->ExecuteAll(locks);
}

Snapshot TakeSnapshot(Connection* connection) {
  const Rows rows = connection->Execute(
      "SELECT pg_catalog.pg_export_snapshot(), "
      "CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_last_wal_replay_lsn() "
      "ELSE pg_catalog.pg_current_wal_insert_lsn() END, "
      "(extract(epoch FROM pg_catalog.clock_timestamp()) * 1000)::bigint, "
      "pg_catalog.txid_snapshot_xmin(pg_catalog.txid_current_snapshot())");
  return {.id = std::string(rows.Text(0, 0)),
          .lsn = std::string(rows.Text(0, 1)),
          .time_ms = rows.Integer(0, 2),
          .xmin = rows.Integer(0, 3)};
}

// LOCK takes no materialized views. To parse a query locks all that stands in it, without
// a look at the rights of who asks.
void HoldViews(Connection* connection, const std::vector<std::string>& views) {
  std::vector<Command> commands;
  for (const auto& view : views) {
    commands.push_back(
        {"PREPARE shoestring_view AS SELECT FROM " + view, {}, "View " + view});
    commands.push_back({"DEALLOCATE shoestring_view", {}, "View " + view});
  }
  connection->ExecuteAll(commands);
}

// The name of a materialized view that was refreshed after the snapshot, if any: its new
// rows are not visible in it, and the old are gone.
std::optional<std::string> Refreshed(Connection* connection,
                                     const std::vector<std::string>& views) {
  boost::json::array names;
  for (const auto& view : views) names.emplace_back(view);
  const Rows rows = connection->Execute(
      "WITH RECURSIVE read AS ("
      "SELECT name::pg_catalog.regclass::oid AS oid "
      "FROM pg_catalog.json_array_elements_text($1::json) AS name "
      "UNION SELECT d.refobjid FROM read "
      "JOIN pg_catalog.pg_class v ON v.oid = read.oid AND v.relkind = 'v' "
      "JOIN pg_catalog.pg_rewrite w ON w.ev_class = v.oid "
      "JOIN pg_catalog.pg_depend d ON d.objid = w.oid "
      "AND d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass "
      "AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass) "
      "SELECT c.oid::pg_catalog.regclass FROM read "
      "JOIN pg_catalog.pg_class c ON c.oid = read.oid WHERE c.relkind = 'm' "
      "AND c.relfilenode IS DISTINCT FROM pg_catalog.pg_relation_filenode(c.oid)",
      {boost::json::serialize(names)});
  if (rows.size() == 0) return std::nullopt;
  return std::string(rows.Text(0, 0));
}

}  // namespace

Snapshot ExportSnapshot(Connection* connection, const ReadRelations& relations) {
  std::optional<std::string> refreshed;
  for (int i = 0; i < kTries; ++i) {
    connection->Begin();
    // LOCK takes no snapshot: what is locked cannot change between the lock and the
    // snapshot.
    LockTables(connection, relations.tables);
    Snapshot snapshot = TakeSnapshot(connection);
    snapshot.tables = relations.tables;
    if (relations.views.empty()) return snapshot;
    HoldViews(connection, relations.views);
    refreshed = Refreshed(connection, relations.views);
    if (!refreshed) return snapshot;
    connection->Execute("ROLLBACK");
  }
  throw Fail(ErrorKind::kConflict,
             "A materialized view was refreshed each of {} times that it was to be read. "
             "Run this again when nobody refreshes it: {}",
             kTries, *refreshed);
}

std::unique_ptr<Connection> JoinSnapshot(const std::string& url, const Snapshot& snapshot,
                                         const std::stop_token& stop,
                                         std::string* why_not) {
  constexpr std::string_view kLockNotAvailable = "55P03";
  try {
    auto connection = std::make_unique<Connection>(url, stop);
    connection->Begin();
    connection->Execute("SET TRANSACTION SNAPSHOT " + QuoteLiteral(snapshot.id));
    if (!snapshot.tables.empty()) {
      connection->Execute(fmt::format("LOCK TABLE {} IN ACCESS SHARE MODE NOWAIT",
                                      fmt::join(snapshot.tables, ", ")));
    }
    return connection;
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::kCancelled) return nullptr;
    *why_not = error.sqlstate() == kLockNotAvailable
                   ? "somebody waits to alter a table, and would be waited for"
                   : error.what();
    return nullptr;
  }
}

}  // namespace shoestring
