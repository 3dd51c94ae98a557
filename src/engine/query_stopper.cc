#include "engine/query_stopper.h"

#include <algorithm>
#include <condition_variable>
#include <map>
#include <mutex>
#include <utility>

#include "base/units.h"

namespace shoestring {

namespace {

/// How often the bytes read are looked at: what a query reads in this time, it may read
/// beyond its limit.
constexpr std::chrono::milliseconds kLookAgain{5};

/// For the guard when there is nothing to look at.
constexpr std::chrono::hours kLong{1};

}  // namespace

/// One thread that looks at all queries that run: to start one for each would take a
/// short query longer than some of its steps.
class QueryGuard {
 public:
  using Clock = QueryStopper::Clock;

  static QueryGuard& Shared() {
    static QueryGuard guard;
    return guard;
  }

  void Add(QueryStopper* query, Clock::time_point look_at) {
    const std::lock_guard lock(mutex_);
    queries_.emplace(look_at, query);
    if (look_at < wakes_at_) sooner_.notify_one();
  }
  /// It is not looked at any more.
  void Remove(const QueryStopper* query) {
    const std::lock_guard lock(mutex_);
    std::erase_if(queries_, [&](const auto& each) { return each.second == query; });
  }

 private:
  void Run(const std::stop_token& end) {
    std::unique_lock lock(mutex_);
    while (!end.stop_requested()) {
      LookAtThoseDue();
      wakes_at_ = queries_.empty() ? Clock::now() + kLong : queries_.begin()->first;
      sooner_.wait_until(lock, end, wakes_at_, [this] {
        return !queries_.empty() && queries_.begin()->first < wakes_at_;
      });
    }
  }

  void LookAtThoseDue() {
    const auto now = Clock::now();
    while (!queries_.empty() && queries_.begin()->first <= now) {
      QueryStopper* query = queries_.begin()->second;
      queries_.erase(queries_.begin());
      if (const auto next = query->LookOnce()) queries_.emplace(*next, query);
    }
  }

  std::mutex mutex_;
  std::condition_variable_any sooner_;
  std::multimap<Clock::time_point, QueryStopper*> queries_;  // Guarded by mutex_, as is:
  Clock::time_point wakes_at_;
  std::jthread thread_{[this](const std::stop_token& end) { Run(end); }};  // The last.
};

QueryStopper::QueryStopper(const QueryLimits& limits, std::stop_token cancel)
    : limits_(limits), cancel_(std::move(cancel)) {}

QueryStopper::~QueryStopper() { Release(); }

void QueryStopper::Watch(std::function<void()> interrupt,
                         std::function<int64_t()> scanned) {
  interrupt_ = std::move(interrupt);
  scanned_ = std::move(scanned);
  on_cancel_.emplace(cancel_, [this] { Stop(Reason::kCancelled); });
  if (limits_.time.count() == 0 && !polls()) return;
  guarded_ = true;
  QueryGuard::Shared().Add(this, polls() ? Clock::now() : start_ + limits_.time);
}

void QueryStopper::Release() {
  on_cancel_.reset();
  if (guarded_) QueryGuard::Shared().Remove(this);
  guarded_ = false;
  stopping_ = {};
}

void QueryStopper::Check() {
  const Reason found = Look();
  if (found == Reason::kNone) return;
  Reason none = Reason::kNone;
  reason_.compare_exchange_strong(none, found);
  throw AsError();
}

void QueryStopper::Sleep(std::chrono::milliseconds duration) {
  auto end = Clock::now() + duration;
  if (limits_.time.count() > 0) end = std::min(end, start_ + limits_.time);
  std::mutex mutex;
  std::unique_lock lock(mutex);
  std::condition_variable_any never;
  never.wait_until(lock, cancel_, end, [] { return false; });
  Check();
}

void QueryStopper::CheckScanned(int64_t bytes) {
  if (limits_.scan_bytes == 0 || bytes <= limits_.scan_bytes) return;
  reason_ = Reason::kScan;
  throw AsError();
}

Error QueryStopper::AsError() const {
  switch (reason_.load()) {
    case Reason::kTimeout:
      return Fail(ErrorKind::kTimeout, "The query took longer than its limit: {} ms",
                  limits_.time.count());
    case Reason::kScan:
      return Fail(ErrorKind::kLimit,
                  "The query reads more than it may, raise --max-scan or filter more: {}",
                  FormatBytes(limits_.scan_bytes));
    default: return Fail(ErrorKind::kCancelled, "The query was cancelled");
  }
}

void QueryStopper::Stop(Reason reason) {
  Reason none = Reason::kNone;
  if (reason_.compare_exchange_strong(none, reason)) interrupt_();
}

QueryStopper::Reason QueryStopper::Look() const {
  if (cancel_.stop_requested()) return Reason::kCancelled;
  if (limits_.time.count() > 0 && Clock::now() >= start_ + limits_.time) {
    return Reason::kTimeout;
  }
  const bool too_much = polls() && scanned_() > limits_.scan_bytes;
  return too_much ? Reason::kScan : Reason::kNone;
}

/// When to look again; nothing once it is being stopped, by a thread of its own: others
/// do not wait for it.
std::optional<QueryStopper::Clock::time_point> QueryStopper::LookOnce() {
  if (const Reason found = Look(); found != Reason::kNone) {
    stopping_ = std::jthread([this, found] { Stop(found); });
    return std::nullopt;
  }
  return polls() ? Clock::now() + kLookAgain : start_ + limits_.time;
}

void CheckRows(int64_t rows, const QueryLimits& limits) {
  if (limits.rows == 0 || rows <= limits.rows) return;
  throw Fail(ErrorKind::kLimit,
             "The answer has more rows than it may, add a LIMIT or raise --max-rows: {}",
             limits.rows);
}

}  // namespace shoestring
