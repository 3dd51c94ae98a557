#include "source/snapshot.h"

namespace shoestring {

Snapshot ExportSnapshot(Connection* connection, const std::vector<std::string>& tables) {
  connection->Begin();
  // LOCK takes no snapshot: what is locked cannot change between the lock and the
  // snapshot.
  for (const auto& table : tables) {
    const Connection::Subject subject(connection, "Table " + table);
    connection->Execute("LOCK TABLE " + table + " IN ACCESS SHARE MODE");
  }
  const Rows rows = connection->Execute(
      "SELECT pg_catalog.pg_export_snapshot(), "
      "CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_last_wal_replay_lsn() "
      "ELSE pg_catalog.pg_current_wal_lsn() END, "
      "(extract(epoch FROM pg_catalog.clock_timestamp()) * 1000)::bigint");
  return {std::string(rows.Text(0, 0)), std::string(rows.Text(0, 1)), rows.Integer(0, 2),
          tables};
}

bool ImportSnapshot(Connection* connection, const Snapshot& snapshot) {
  connection->Begin();
  connection->Execute("SET TRANSACTION SNAPSHOT " + QuoteLiteral(snapshot.id));
  if (snapshot.tables.empty()) return true;
  try {
    connection->Execute(fmt::format("LOCK TABLE {} IN ACCESS SHARE MODE NOWAIT",
                                    fmt::join(snapshot.tables, ", ")));
  } catch (const Error& error) {
    constexpr std::string_view kLockNotAvailable = "55P03";
    if (error.sqlstate() != kLockNotAvailable) throw;
    return false;
  }
  return true;
}

}  // namespace shoestring
