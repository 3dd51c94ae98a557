#pragma once

#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "source/connection.h"

namespace shoestring {

/// What a run reads, by qualified, quoted names.
struct ReadRelations {
  std::vector<std::string> tables;  ///< Tables and views: what LOCK takes.
  std::vector<std::string> views;   ///< Views and materialized views.
};

/// One moment of the source that every session of a run sees.
struct Snapshot {
  std::string id;  ///< For ImportSnapshot(); valid while the exporting session lives.
  std::string lsn;
  int64_t time_ms = 0;  ///< Milliseconds since 1970, by the server's clock.
  int64_t xmin = 0;     ///< All transactions below it had ended; with epoch, so 64 bits.
  std::vector<std::string> tables;  ///< What is locked, by qualified, quoted name.
};

/// Locks what is read against being dropped or altered, and the materialized views in it
/// or under it against REFRESH, then begins a read-only transaction's snapshot. The
/// session stays in the transaction. Throws kConflict when refreshes leave no moment for
/// that.
Snapshot ExportSnapshot(Connection* connection, const ReadRelations& relations);

/// Another session that sees the same moment and holds the same locks, or nothing, and
/// why: no connection is free, or somebody waits to alter a table, who would be waited
/// for and waits for the session that exported. Fewer sessions are a reason to take
/// longer, not to fail; after a stop request nothing is said.
std::unique_ptr<Connection> JoinSnapshot(const std::string& url, const Snapshot& snapshot,
                                         const std::stop_token& stop,
                                         std::string* why_not);

}  // namespace shoestring
