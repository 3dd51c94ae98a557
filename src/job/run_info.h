#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "lake/object_store.h"
#include "lake/table_metadata.h"

namespace shoestring {

/// What runs/<run>/run.json says of a job.
struct RunInfo {
  enum class State {
    kStarting,   ///< Looks around whether somebody else is at work.
    kRunning,    ///< At work, as long as its lease holds.
    kCommitted,  ///< Its tables are visible.
    kFailed,     ///< It ended itself; what it had finished is there.
    kTaken,      ///< Its lease had ended, and another run has taken its place.
  };
  std::string id;  ///< "20260131-235959-1f2e3d4c": sorts by its beginning.
  State state = State::kRunning;
  std::string taken_by;             ///< The run that took its place; else empty.
  std::string failure;              ///< Why it failed; else empty.
  std::string command;              ///< "migrate".
  std::string source;               ///< Without a password.
  std::string identity;             ///< Equal for runs that make the same of the same.
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

/// A new run of this process, which begins now.
RunInfo NewRunInfo(std::string command);

/// How long a run is believed to be alive after its last sign of life.
inline constexpr int64_t kLeaseMs = 120'000;

/// True while the run's process may still be at work: looked up on this machine, else
/// believed for the length of a lease.
bool IsAlive(const RunInfo& info, int64_t now_ms);

/// A run as its folder shows it.
struct FoundRun {
  RunInfo info;
  std::string etag;                  ///< Of its run.json.
  std::vector<std::string> journal;  ///< Keys of what it says of finished tables.
};
struct FoundRuns {
  std::vector<FoundRun> runs;      ///< In the order of their ids.
  std::set<std::string> nameless;  ///< Ids of which only leftovers are there.
  std::set<std::string> done;      ///< Ids of which only record and report are.

  /// True for a run that is at work, or whose place such a one has taken.
  bool InUse(const RunInfo& info) const;
};
/// Reads the records of those that are not done, so that a long history costs nothing.
FoundRuns FindRuns(ObjectStore* store);
/// With the records of those that are done among `runs`, too.
FoundRuns FindAllRuns(ObjectStore* store);

/// The runs that may still be at work.
std::vector<RunInfo> LiveRuns(ObjectStore* store);
/// True when some run has ever committed to the lake, as far as their records are there.
bool AnyRunCommitted(ObjectStore* store);

/// Milliseconds since 1970.
int64_t NowMs();

/// "runs/<run>/", and in it "run.json" and "report.json".
std::string RunFolder(std::string_view run);
std::string RunKey(std::string_view run);
std::string ReportKey(std::string_view run);
/// The run that wrote a key, or "" for files that no run of ours wrote.
std::string RunOfKey(std::string_view key);
/// "data/t/year=2024/month=3/<run>-0.parquet"
std::string DataFileKey(const std::string& table, const PartitionValues& partition,
                        const std::string& run, int number);

}  // namespace shoestring
