#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>

namespace shoestring {

/// Looks whether there is a new version of the lake: at intervals, from a thread of its
/// own, or when it is told to.
class LakeWatcher {
 public:
  struct Calls {
    std::function<std::string()> version;  ///< Changes with the lake.
    std::function<void()> reload;          ///< Takes the version that is there now.
    std::function<void(const std::string&)> tell;  ///< What went wrong, once each time.
  };

  /// `version` is what was loaded already; an interval of 0 is none.
  LakeWatcher(Calls calls, std::string version, std::chrono::milliseconds interval);

  int64_t failures() const { return failures_; }
  /// One look. A version whose reload fails is tried again at the next one. Thread-safe.
  void Look();

 private:
  void Run(const std::stop_token& end);

  const Calls calls_;
  const std::chrono::milliseconds interval_;
  std::mutex looking_;
  std::string version_;  // Guarded by looking_, as is:
  bool failing_ = false;
  std::atomic<int64_t> failures_ = 0;
  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::jthread thread_;  ///< The last: it uses the others.
};

}  // namespace shoestring
