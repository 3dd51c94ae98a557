#include "job/run_record.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <tuple>

#include "job/run_journal.h"

namespace shoestring {

namespace {

using State = RunInfo::State;

// Some 4,300 puts a day on S3, two cents.
constexpr std::chrono::seconds kRenewEvery{20};
// What is finished is noted so often: a note costs a put, whatever it is of.
constexpr std::chrono::seconds kNoteEvery{1};
// A lease that was renewed since then holds, unless the process was paused.
constexpr int64_t kFreshMs = 45'000;
// As long what a dead run finished is kept for its like, when nobody else is in the way.
constexpr int64_t kKeepMs = int64_t{7} * 24 * 3600 * 1000;
constexpr std::chrono::milliseconds kLookAgain{20};
constexpr int64_t kLongestStartMs = 10'000;
constexpr int kRenewAttempts = 3;

bool BeganBefore(const RunInfo& a, const RunInfo& b) {
  return std::tie(a.started_ms, a.id) < std::tie(b.started_ms, b.id);
}

bool Overlap(const RunInfo& a, const RunInfo& b) {
  return std::ranges::any_of(a.tables, [&](const std::string& table) {
    return std::ranges::find(b.tables, table) != b.tables.end();
  });
}

bool HasCommitted(const LakeState& state, const std::string& run) {
  return std::ranges::any_of(state.tables,
                             [&](const auto& table) { return table.second.run == run; });
}

std::vector<std::string> Ids(const std::vector<FoundRun>& runs) {
  std::vector<std::string> ids;
  for (const auto& run : runs) ids.push_back(run.info.id);
  return ids;
}

std::optional<Object> GetIfThere(ObjectStore* store, const std::string& key) {
  try {
    return store->Get(key);
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::kNotFound) return std::nullopt;
    throw;
  }
}

}  // namespace

RunRecord::RunRecord(ObjectStore* store, RunRequest request,
                     std::function<void()> on_lost)
    : store_(store),
      fresh_(request.fresh),
      on_lost_(std::move(on_lost)),
      info_(NewRunInfo(std::move(request.command))) {
  info_.source = std::move(request.source);
  info_.identity = std::move(request.identity);
  info_.tables = std::move(request.tables);
  Announce();
  try {
    GiveWay();
    Write(State::kRunning);
    StartRenewing();
    TakeOver();
  } catch (...) {
    StopRenewing();
    store_->Delete(RunKey(info_.id));
    throw;
  }
}

RunRecord::~RunRecord() { StopRenewing(); }

void RunRecord::Announce() {
  const auto etag = store_->PutIf(RunKey(info_.id), FormatRunInfo(info_), std::nullopt);
  if (!etag) throw Fail(ErrorKind::kInternal, "Two runs have one id: {}", info_.id);
  etag_ = *etag;
}

// Announced first, looked around second: of two that begin at once, at least one sees the
// other. The later one gives way; the earlier one waits until the later one has looked,
// too, as that may have been before there was anything to see.
void RunRecord::GiveWay() {
  const int64_t begun = NowMs();
  while (LookAround(/*may_wait=*/NowMs() - begun < kLongestStartMs)) {
    std::this_thread::sleep_for(kLookAgain);
  }
}

bool RunRecord::LookAround(bool may_wait) {
  bool wait = false;
  for (const FoundRun& found : FindRuns(store_).runs) {
    const RunInfo& other = found.info;
    const int64_t now = NowMs();
    if (other.id == info_.id || !Overlap(info_, other) || !IsAlive(other, now)) continue;
    if (may_wait && other.state == State::kStarting && BeganBefore(info_, other)) {
      wait = true;
      continue;
    }
    throw Fail(ErrorKind::kConflict,
               "Run {} (process {}, since {}, last seen {} s ago) is at work on the same "
               "tables. Nothing was changed. Wait for it to end, then run this again",
               other.id, other.pid, other.started, (now - other.heartbeat_ms) / 1000);
  }
  return wait;
}

bool RunRecord::Resumable(const FoundRun& run) const {
  return !fresh_ && !info_.identity.empty() && run.info.identity == info_.identity &&
         !run.journal.empty();
}

bool RunRecord::InTheWay(const FoundRun& run) const {
  return run.journal.empty() || Overlap(info_, run.info) ||
         NowMs() - run.info.heartbeat_ms > kKeepMs;
}

void RunRecord::TakeOver() {
  FoundRuns found = FindRuns(store_);
  std::vector<FoundRun> dead;
  std::map<std::string, std::string> taker;
  for (FoundRun& run : found.runs) {
    if (run.info.state == State::kCommitted || found.InUse(run.info)) continue;
    if (!Resumable(run) && !InTheWay(run)) continue;
    taker[run.info.id] = run.info.taken_by;
    if (TakeLease(store_, &run, info_.id)) dead.push_back(run);
  }
  if (!dead.empty()) {
    Catalog catalog(store_);
    catalog.Fence();
    // A run that committed before it died, or whose taker did, has left nothing to go on
    // with.
    const LakeState state = catalog.Load();
    const auto done = std::partition(dead.begin(), dead.end(), [&](const FoundRun& run) {
      return Resumable(run) && !HasCommitted(state, run.info.id) &&
             !HasCommitted(state, taker[run.info.id]);
    });
    const std::vector<FoundRun> over(done, dead.end());
    dead.erase(done, dead.end());
    ClearRuns(store_, over);
    cleared_ = Ids(over);
    taken_ = std::move(dead);
  }
  // What a run wrote that noticed too late that its record was gone.
  std::erase_if(found.nameless, [&](const std::string& run) {
    return store_->Head(RunKey(run)).has_value();
  });
  RemoveRuns(store_, found.nameless);
}

void RunRecord::StartRenewing() {
  renewer_ = std::jthread([this](const std::stop_token& stop) {
    using Clock = std::chrono::steady_clock;
    std::unique_lock lock(mutex_);
    auto due = Clock::now() + kRenewEvery;
    while (!wake_.wait_for(lock, stop, kNoteEvery, [] { return false; })) {
      if (stop.stop_requested() || lost_) return;
      try {
        if (Clock::now() >= due) {
          due = Clock::now() + kRenewEvery;
          RenewLocked();
        }
        NoteLocked();
      } catch (const std::exception&) {
        // Lost is lost; else the next try may succeed, and who needs the lease looks.
      }
    }
  });
}

void RunRecord::StopRenewing() {
  if (!renewer_.joinable()) return;
  renewer_.request_stop();
  renewer_.join();
}

void RunRecord::RenewLocked() {
  if (lost_) throw *lost_;
  RunInfo next = info_;
  next.heartbeat_ms = NowMs();
  for (int attempt = 0; attempt < kRenewAttempts; ++attempt) {
    if (const auto etag = store_->PutIf(RunKey(next.id), FormatRunInfo(next), etag_)) {
      etag_ = *etag;
      info_.heartbeat_ms = next.heartbeat_ms;
      return;
    }
    // Nobody else writes that we are at work: so it was us, and the answer got lost.
    const auto record = GetIfThere(store_, RunKey(next.id));
    if (!record) break;
    const RunInfo found = ParseRunInfo(record->content);
    next.taken_by = found.taken_by;
    if (found.state == State::kTaken) break;
    etag_ = record->etag;
  }
  lost_ = Fail(
      ErrorKind::kConflict,
      "This run gave no sign of life for too long, and {} has taken its place. Nothing "
      "of it was committed; `shoestring runs` shows who is at work now. Run {}",
      next.taken_by.empty() ? "another run" : "run " + next.taken_by, next.id);
  on_lost_();
  throw *lost_;
}

void RunRecord::Renew() {
  const std::lock_guard lock(mutex_);
  RenewLocked();
}

void RunRecord::CheckLease() {
  const std::lock_guard lock(mutex_);
  if (lost_) throw *lost_;
  if (NowMs() - info_.heartbeat_ms > kFreshMs) RenewLocked();
}

std::optional<Error> RunRecord::lost() {
  const std::lock_guard lock(mutex_);
  return lost_;
}

void RunRecord::Write(State state) {
  const std::lock_guard lock(mutex_);
  info_.state = state;
  RenewLocked();
}

void RunRecord::Keep(JournalEntry entry) {
  const std::lock_guard lock(mutex_);
  for (const auto& object : entry.finished.copied.objects) waiting_.insert(object.token);
  finished_.push_back(std::move(entry));
}

void RunRecord::NoteLocked() {
  if (finished_.empty()) return;
  const std::string key = JournalKey(info_.id, journal_.size());
  store_->Put(key, FormatJournal(finished_));
  journal_.push_back(key);
  kept_ += finished_.size();
  finished_.clear();
}

std::set<std::string> RunRecord::OwnAndTaken() const {
  std::set<std::string> ids = {info_.id};
  for (const auto& run : taken_) ids.insert(run.info.id);
  return ids;
}

void RunRecord::Commit(const std::string& report_json) {
  StopRenewing();
  SweepTables(store_, info_.tables, OwnAndTaken());
  store_->Put(ReportKey(info_.id), report_json);
  std::set<std::string> taken = OwnAndTaken();
  taken.erase(info_.id);
  RemoveRuns(store_, taken);
  store_->DeleteAll(journal_);
  try {
    Write(State::kCommitted);
  } catch (const Error& error) {
    // Too late for anybody to take its place: it is done.
    if (error.kind() != ErrorKind::kConflict) throw;
  }
}

size_t RunRecord::GiveUp(const std::string& why) {
  StopRenewing();
  if (lost_) return LeaveBehind(), 0;
  NoteLocked();
  size_t tables = kept_;
  for (const auto& run : taken_) tables += ReadJournal(store_, run.journal).size();
  if (kept_ == 0) {
    // What was taken over waits for the next run, as it did for this one.
    Remove({info_.id});
  } else {
    std::vector<std::string> unfinished;
    for (const auto& object : store_->List(RunFolder(info_.id) + "staging/")) {
      if (!waiting_.contains(object.key)) unfinished.push_back(object.key);
    }
    store_->DeleteAll(unfinished);
    info_.failure = why;
    Write(State::kFailed);
  }
  return tables;
}

void RunRecord::Abandon() {
  StopRenewing();
  if (lost_) return LeaveBehind();
  Remove(OwnAndTaken());
}

void RunRecord::Remove(const std::set<std::string>& runs) {
  SweepTables(store_, info_.tables, runs);
  RemoveRuns(store_, runs);
}

// Who took its place needs what is here, or clears it up; once the record is gone, too,
// nobody does.
void RunRecord::LeaveBehind() {
  if (!store_->Head(RunKey(info_.id))) Remove({info_.id});
}

}  // namespace shoestring
