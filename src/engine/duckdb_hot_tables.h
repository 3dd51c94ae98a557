#pragma once

#include <memory>
#include <mutex>
#include <stop_token>
#include <thread>

#include "engine/duckdb_session.h"
#include "engine/hot_tables.h"

namespace shoestring {

/// Copies tables of the lake in `store` into a session's memory, all or none of them, and
/// lets the queries after that read the copies: compressed, and sorted as a whole, as
/// each file is. Queries under way go on as they began. Throws kLimit, with what it would
/// take, when the copies do not fit; kNotFound for a table that the lake does not have;
/// kConflict when the session is over a version that has gone; kCancelled after `end`.
HotTablesInMemory LoadHotTables(ObjectStore* store, DuckdbSession* session,
                                const HotTables& hot, const std::stop_token& end);

/// Lets the queries of `other`, over the same version, read the copies that `holder` has
/// in its memory, and keeps it for that.
void ShareHotTables(const std::shared_ptr<DuckdbSession>& holder, DuckdbSession* other,
                    const HotTables& hot);

/// Keeps tables in the memory of whichever session is the newest. Thread-safe.
class HotTablesKeeper {
 public:
  /// Loads them into the first session; throws as LoadHotTables.
  HotTablesKeeper(DuckdbSessions* sessions, HotTables hot);

  /// Tells which session statements begin in by now. Into one that it does not know they
  /// are loaded by a thread of its own, and what is on its way for the one before is let
  /// go.
  void Follow(const std::shared_ptr<DuckdbSession>& session);

 private:
  void Load(const std::shared_ptr<DuckdbSession>& session, const std::stop_token& end);

  DuckdbSessions& sessions_;
  const HotTables hot_;
  std::mutex mutex_;
  std::weak_ptr<DuckdbSession> session_;  // Guarded by mutex_.
  std::jthread loader_;                   // Guarded by mutex_; uses the others.
};

}  // namespace shoestring
