#include "source/snapshot.h"

namespace shoestring {

Snapshot ExportSnapshot(Connection* connection, const std::vector<std::string>& tables) {
  connection->Begin();
  // LOCK takes no snapshot: what is locked cannot change between the lock and the
  // snapshot.
  std::vector<Command> locks;
  for (const auto& table : tables) {
    locks.push_back(
        {"LOCK TABLE " + table + " IN ACCESS SHARE MODE", {}, "Table " + table});
  }
  connection->ExecuteAll(locks);
  const Rows rows = connection->Execute(
      "SELECT pg_catalog.pg_export_snapshot(), "
      "CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_last_wal_replay_lsn() "
      "ELSE pg_catalog.pg_current_wal_insert_lsn() END, "
      "(extract(epoch FROM pg_catalog.clock_timestamp()) * 1000)::bigint, "
      "pg_catalog.txid_snapshot_xmin(pg_catalog.txid_current_snapshot())");
  return {.id = std::string(rows.Text(0, 0)),
          .lsn = std::string(rows.Text(0, 1)),
          .time_ms = rows.Integer(0, 2),
          .xmin = rows.Integer(0, 3),
          .tables = tables};
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
