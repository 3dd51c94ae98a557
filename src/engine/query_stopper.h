#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <optional>
#include <stop_token>
#include <thread>

#include "base/error.h"
#include "engine/engine.h"

namespace shoestring {

/// Interrupts a running query when its time is up, when it has read more than it may, or
/// when it is cancelled; knows afterwards which of them it was. Its time starts with it.
class QueryStopper {
 public:
  using Clock = std::chrono::steady_clock;
  enum class Reason { kNone, kTimeout, kCancelled, kScan };

  QueryStopper(const QueryLimits& limits, std::stop_token cancel);
  ~QueryStopper();
  QueryStopper(const QueryStopper&) = delete;
  QueryStopper& operator=(const QueryStopper&) = delete;

  /// From now on `interrupt` may be called, once, from any thread. `scanned`, where the
  /// engine can tell, is asked for the bytes read so far.
  void Watch(std::function<void()> interrupt, std::function<int64_t()> scanned = {});
  /// Nothing is interrupted any more.
  void Release();

  /// Throws when there is a reason to stop already.
  void Check();
  /// Waits as long, less when there is a reason to stop; then throws as Check() does.
  void Sleep(std::chrono::milliseconds duration);
  /// Throws when this many bytes read are too many: polls may come too late.
  void CheckScanned(int64_t bytes);
  Reason reason() const { return reason_; }
  /// kTimeout, kCancelled or kLimit, as the query was stopped; not for kNone.
  Error AsError() const;

  Clock::time_point start() const { return start_; }

 private:
  friend class QueryGuard;
  void Stop(Reason reason);
  Reason Look() const;
  bool polls() const { return limits_.scan_bytes > 0 && scanned_; }
  std::optional<Clock::time_point> LookOnce();

  const QueryLimits limits_;
  const Clock::time_point start_ = Clock::now();
  const std::stop_token cancel_;
  std::function<void()> interrupt_;
  std::function<int64_t()> scanned_;
  std::atomic<Reason> reason_ = Reason::kNone;
  std::optional<std::stop_callback<std::function<void()>>> on_cancel_;
  bool guarded_ = false;
  std::jthread stopping_;  ///< Once there is a reason that the guard has found.
};

/// Throws kLimit when an answer has more rows than it may.
void CheckRows(int64_t rows, const QueryLimits& limits);

}  // namespace shoestring
