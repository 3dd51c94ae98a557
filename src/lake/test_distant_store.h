// A store for tests that is as far away as a bucket.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "lake/test_lake.h"

namespace shoestring {

/// Counts what is read, keeps each request waiting, and says that it is a bucket.
class DistantStore final : public FaultyStore {
 public:
  explicit DistantStore(ObjectStore* store, std::chrono::milliseconds latency = {})
      : FaultyStore(store), latency_(latency) {
    before = [this](std::string_view call, std::string_view key) { Meet(call, key); };
  }

  std::string Uri() const override { return "s3://far/away"; }

  /// "Get KEY" and "ReadRange KEY", since the last call of this.
  std::vector<std::string> TakeRequests() {
    const std::lock_guard lock(mutex_);
    return std::exchange(requests_, {});
  }
  /// The most requests that were under way at one time.
  int most() const { return most_; }

  /// Called before each request, from many threads. Returns when the hook before this one
  /// is called no more: reads ahead go on for a while after their query.
  void OnRequest(Hook hook) {
    const std::lock_guard lock(hook_mutex_);
    on_request_ = std::move(hook);
  }

 private:
  void Meet(std::string_view call, std::string_view key) {
    {
      const std::lock_guard lock(mutex_);
      requests_.push_back(fmt::format("{} {}", call, key));
      most_ = std::max(most_.load(), ++under_way_);
    }
    std::this_thread::sleep_for(latency_);
    {
      const std::lock_guard lock(mutex_);
      --under_way_;
    }
    const std::shared_lock lock(hook_mutex_);
    on_request_(call, key);
  }

  const std::chrono::milliseconds latency_;
  std::mutex mutex_;
  std::vector<std::string> requests_;  // Guarded by mutex_, as is:
  int under_way_ = 0;
  std::atomic<int> most_ = 0;
  std::shared_mutex hook_mutex_;
  Hook on_request_ = [](std::string_view, std::string_view) {};  // Guarded by it.
};

}  // namespace shoestring
