#include "engine/query_stopper.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <utility>

#include "base/units.h"

namespace shoestring {

namespace {

/// How often the bytes read are looked at: what a query reads in this time, it may read
/// beyond its limit.
constexpr std::chrono::milliseconds kLookAgain{5};

}  // namespace

QueryStopper::QueryStopper(const QueryLimits& limits, std::stop_token cancel)
    : limits_(limits), cancel_(std::move(cancel)) {}

QueryStopper::~QueryStopper() { Release(); }

void QueryStopper::Watch(std::function<void()> interrupt,
                         std::function<int64_t()> scanned) {
  interrupt_ = std::move(interrupt);
  scanned_ = std::move(scanned);
  on_cancel_.emplace(cancel_, [this] { Stop(Reason::kCancelled); });
  if (limits_.time.count() > 0 || (limits_.scan_bytes > 0 && scanned_)) {
    guard_ = std::jthread([this](const std::stop_token& released) { Guard(released); });
  }
}

void QueryStopper::Release() {
  on_cancel_.reset();
  guard_ = {};
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
  const bool too_much =
      limits_.scan_bytes > 0 && scanned_ && scanned_() > limits_.scan_bytes;
  return too_much ? Reason::kScan : Reason::kNone;
}

void QueryStopper::Guard(const std::stop_token& released) {
  std::mutex mutex;
  std::unique_lock lock(mutex);
  std::condition_variable_any never;
  while (!released.stop_requested()) {
    if (const Reason found = Look(); found != Reason::kNone) return Stop(found);
    auto next = start_ + limits_.time;
    if (limits_.scan_bytes > 0 && scanned_) next = Clock::now() + kLookAgain;
    never.wait_until(lock, released, next, [] { return false; });
  }
}

void CheckRows(int64_t rows, const QueryLimits& limits) {
  if (limits.rows == 0 || rows <= limits.rows) return;
  throw Fail(ErrorKind::kLimit,
             "The answer has more rows than it may, add a LIMIT or raise --max-rows: {}",
             limits.rows);
}

}  // namespace shoestring
