#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "base/error.h"
#include "job/run_clearing.h"
#include "job/run_info.h"
#include "job/run_journal.h"

namespace shoestring {

/// What a run is about to do.
struct RunRequest {
  std::string command;
  std::string source;    ///< Without a password.
  std::string identity;  ///< Equal for runs that make the same of the same; or empty.
  std::vector<std::string> tables;
  bool fresh = false;  ///< What such runs left is not gone on with.
};

/// The record and the lease of a running job. While it lives, a thread renews the lease,
/// always on the condition that nobody else has touched the record: whoever finds that
/// somebody has, has lost it. docs/adr/0007 says why that is enough. Thread-safe.
class RunRecord {
 public:
  /// Announces the run, then takes the place of dead ones: of those with the same
  /// identity to go on with what they finished, of those in the way to clear it up.
  /// Throws kConflict, naming the other, when a live run is at work on one of the same
  /// tables. `on_lost` is called, from any thread, when the lease turns out to be lost.
  RunRecord(
      ObjectStore* store, RunRequest request, std::function<void()> on_lost = [] {});
  /// A run that was not ended is left for the next one.
  ~RunRecord();

  const std::string& id() const { return info_.id; }
  /// Dead runs that were cleared up after.
  const std::vector<std::string>& cleared() const { return cleared_; }
  /// Dead runs whose finished tables are this one's now.
  const std::vector<FoundRun>& taken() const { return taken_; }

  /// Throws kConflict when the lease is lost; asks the store only when it was not renewed
  /// of late, as after a pause of the process.
  void CheckLease();
  /// The same, and renews it.
  void Renew();
  /// How the lease was lost, if it is known to be.
  std::optional<Error> lost();
  /// Takes in a table that is finished: within a second it is noted for a later run,
  /// unless this one has ended by then.
  void Keep(JournalEntry entry);

  /// After the commit: deletes what no table refers to any more, and the traces of the
  /// runs that were taken over. Keeps the report.
  void Commit(const std::string& report_json);
  /// Gives the lease up, and keeps what is finished for the next run, if there is
  /// anything: returns for how many tables.
  size_t GiveUp(const std::string& why);
  /// Deletes everything that this run, and those that were taken over, have written and
  /// that is not visible.
  void Abandon();

 private:
  void Announce();
  void GiveWay();
  /// True when a run that began later has not looked around yet.
  bool LookAround(bool may_wait);
  void TakeOver();
  bool Resumable(const FoundRun& run) const;
  bool InTheWay(const FoundRun& run) const;
  void StartRenewing();
  void StopRenewing();
  void RenewLocked();
  void NoteLocked();
  void Write(RunInfo::State state);
  std::set<std::string> OwnAndTaken() const;
  void Remove(const std::set<std::string>& runs);
  void LeaveBehind();

  ObjectStore* const store_;
  const bool fresh_;
  const std::function<void()> on_lost_;
  std::vector<std::string> cleared_;
  std::vector<FoundRun> taken_;

  std::mutex mutex_;
  // Under mutex_, but for what of info_ never changes:
  RunInfo info_;
  std::string etag_;
  std::optional<Error> lost_;
  std::vector<JournalEntry> finished_;  ///< Not noted yet.
  std::vector<std::string> journal_;    ///< Keys of the notes.
  std::set<std::string> waiting_;       ///< What is staged for finished tables.
  size_t kept_ = 0;                     ///< How many tables are noted.
  std::condition_variable_any wake_;
  std::jthread renewer_;
};

}  // namespace shoestring
