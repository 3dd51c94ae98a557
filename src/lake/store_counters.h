#pragma once

#include <mutex>

#include "lake/object_store.h"

namespace shoestring {

/// The statistics of a store while it is at work. Thread-safe.
class StoreCounters {
 public:
  /// counters.Add({.gets = 1, .bytes_read = size});
  void Add(const StoreStatistics& more) {
    const std::lock_guard lock(mutex_);
    sum_ += more;
  }

  StoreStatistics Sum() const {
    const std::lock_guard lock(mutex_);
    return sum_;
  }

 private:
  mutable std::mutex mutex_;
  StoreStatistics sum_;
};

}  // namespace shoestring
