#pragma once

#include <memory>
#include <mutex>
#include <stop_token>
#include <thread>

#include "engine/duckdb_session.h"
#include "engine/hot_tables.h"

namespace shoestring {

/// Copies tables of the version that `reader` is over, sorted as a whole as each file is;
/// those in `known` stand already. Throws kLimit, with what it would take, when they do
/// not fit; kNotFound for a table that the lake does not have; kCancelled after `end`.
LakeTablesByName CopyHotTables(DuckdbSession* reader, const HotTables& hot,
                               const LakeTablesByName& known, const std::stop_token& end);

/// Keeps tables in memory for whichever sessions are the newest. Thread-safe.
class HotTablesKeeper {
 public:
  /// Loads them for the first session; throws as CopyHotTables.
  HotTablesKeeper(DuckdbSessions* sessions, HotTables hot);

  /// Tells which session statements begin in by now. For one that it does not know they
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
