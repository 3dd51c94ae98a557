#pragma once

#include <duckdb.hpp>

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "engine/duckdb_chunk_cache.h"
#include "engine/duckdb_lake_tables.h"
#include "engine/engine.h"

namespace shoestring {

/// Where a database puts what does not fit into memory: a folder that only this user can
/// read, removed at the end with what is in it.
class SpillFolder {
 public:
  SpillFolder();
  ~SpillFolder();
  SpillFolder(const SpillFolder&) = delete;
  SpillFolder& operator=(const SpillFolder&) = delete;

  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

/// One DuckDB over one version of the lake, shared by the queries that may use it.
struct DuckdbSession {
  SpillFolder temporary;  // Goes after the database that uses it.
  std::shared_ptr<LakeTables> tables;
  std::unique_ptr<duckdb::DuckDB> database;
  QueryLimits limits;
  bool for_short = false;  ///< For queries that one thread is soon done with.

  std::vector<std::string> TableNames() const;
};

/// The DuckDBs over the versions of one lake. Thread-safe.
class DuckdbSessions {
 public:
  /// Throws kInternal when DuckDB's library is of another version than its headers.
  explicit DuckdbSessions(ObjectStore* store);

  ObjectStore* store() const { return store_; }
  /// Looks which version of the lake is current, and gives the session over it.
  std::shared_ptr<DuckdbSession> Current(const QueryLimits& limits);
  /// The same for the session in which statements begin: one for short queries
  /// (docs/adr/0012), where there is one. With one thread all queries are alike, and a
  /// remote store makes none short.
  std::shared_ptr<DuckdbSession> First(const QueryLimits& limits);

 private:
  bool HasShort(const QueryLimits& limits) const;
  std::shared_ptr<DuckdbSession> Current(const QueryLimits& limits, bool for_short);

  ObjectStore* const store_;
  const unsigned threads_ = std::thread::hardware_concurrency();
  std::optional<RemoteReads> remote_;  ///< When the store is.
  ChunkCache chunks_;
  std::mutex mutex_;
  std::shared_ptr<DuckdbSession> session_;  // Guarded by mutex_, as is:
  std::shared_ptr<DuckdbSession> short_;
};

}  // namespace shoestring
