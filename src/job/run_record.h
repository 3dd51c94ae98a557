#pragma once

#include <condition_variable>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "lake/catalog.h"
#include "lake/object_store.h"

namespace shoestring {

/// What runs/<run>/run.json says of a job.
struct RunInfo {
  enum class State { kRunning, kCommitted, kFailed };
  std::string id;  ///< "20260131-235959-1f2e3d4c": sorts by its beginning.
  State state = State::kRunning;
  std::string command;              ///< "migrate".
  std::string source;               ///< Without a password.
  std::vector<std::string> tables;  ///< The lake's names of what the run replaces.
  std::string started;
  int64_t started_ms = 0;    ///< Milliseconds since 1970.
  int64_t heartbeat_ms = 0;  ///< Milliseconds since 1970.
  // Where the process lives, so that its death is seen at once on the same machine.
  std::string boot_id;
  std::string pid_namespace;
  int64_t pid = 0;
  int64_t pid_started = 0;
};

/// Pure; throws kCorrupt for bytes that are no run.json.
RunInfo ParseRunInfo(std::string_view json);
std::string FormatRunInfo(const RunInfo& info);

/// True while the run's process may still be at work: looked up on this machine, else
/// believed for two minutes after its last sign of life.
bool IsAlive(const RunInfo& info, int64_t now_ms);

/// The runs that may still be at work.
std::vector<RunInfo> LiveRuns(ObjectStore* store);
/// True when some run has ever committed to the lake, as far as their records are there.
bool AnyRunCommitted(ObjectStore* store);

/// The run that wrote a key, or "" for files that no run of ours wrote.
std::string RunOfKey(std::string_view key);
/// "data/t/year=2024/month=3/<run>-0.parquet"
std::string DataFileKey(const std::string& table, const PartitionValues& partition,
                        const std::string& run, int number);

/// The record and the lease of a running job. While it lives, a thread renews the lease.
class RunRecord {
 public:
  /// Clears up after dead runs, then announces this one. Throws kConflict, naming the
  /// other, when a live run is at work on one of the same tables.
  RunRecord(ObjectStore* store, std::string command, std::string source,
            std::vector<std::string> tables);
  /// A run that was not finished is left for Abandon() of the next one.
  ~RunRecord();

  const std::string& id() const { return info_.id; }
  /// Dead runs that were cleared up after.
  const std::vector<std::string>& cleared() const { return cleared_; }

  /// After the commit: deletes what no table refers to any more, keeps the report.
  void Commit(const std::string& report_json);
  /// Deletes everything that this run has written and that is not visible.
  void Abandon();

 private:
  void Write();
  void Sweep();
  void StopRenewing();

  ObjectStore* const store_;
  RunInfo info_;
  std::vector<std::string> cleared_;

  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::jthread renewer_;
};

}  // namespace shoestring
