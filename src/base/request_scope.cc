#include "base/request_scope.h"

#include <atomic>
#include <condition_variable>
#include <mutex>

namespace shoestring {

namespace {

struct Interrupts {
  std::atomic<uint64_t> count = 0;
  std::mutex mutex;
  std::condition_variable wake;
};

Interrupts& All() {
  static Interrupts interrupts;
  return interrupts;
}

}  // namespace

void InterruptRequests() {
  const std::lock_guard lock(All().mutex);
  ++All().count;
  All().wake.notify_all();
}

RequestScope::RequestScope() : interrupts_(All().count) {}

bool RequestScope::interrupted() const { return All().count != interrupts_; }

void RequestScope::Sleep(std::chrono::milliseconds duration) const {
  std::unique_lock lock(All().mutex);
  All().wake.wait_for(lock, duration, [this] { return interrupted(); });
}

}  // namespace shoestring
