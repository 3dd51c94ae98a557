#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "source/connection.h"

namespace shoestring {

/// One moment of the source that every session of a run sees.
struct Snapshot {
  std::string id;  ///< For ImportSnapshot(); valid while the exporting session lives.
  std::string lsn;
  int64_t time_ms = 0;              ///< Milliseconds since 1970, by the server's clock.
  std::vector<std::string> tables;  ///< What is locked, by qualified, quoted name.
};

/// Locks the tables (qualified, quoted names) against being dropped or altered, then
/// begins a read-only transaction's snapshot. The session stays in the transaction.
Snapshot ExportSnapshot(Connection* connection, const std::vector<std::string>& tables);
/// False when somebody waits to alter one of the tables: this session would wait for
/// them, and they wait for the session that exported.
bool ImportSnapshot(Connection* connection, const Snapshot& snapshot);

}  // namespace shoestring
