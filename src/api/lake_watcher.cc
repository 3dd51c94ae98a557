#include "api/lake_watcher.h"

#include <exception>
#include <utility>

namespace shoestring {

LakeWatcher::LakeWatcher(Calls calls, std::string version,
                         std::chrono::milliseconds interval)
    : calls_(std::move(calls)), interval_(interval), version_(std::move(version)) {
  if (interval_.count() == 0) return;
  thread_ = std::jthread([this](const std::stop_token& end) { Run(end); });
}

void LakeWatcher::Run(const std::stop_token& end) {
  std::unique_lock lock(mutex_);
  while (!end.stop_requested()) {
    wake_.wait_for(lock, end, interval_, [] { return false; });
    if (!end.stop_requested()) Look();
  }
}

void LakeWatcher::Look() {
  const std::lock_guard lock(looking_);
  try {
    std::string version = calls_.version();
    if (version != version_) {
      calls_.reload();
      version_ = std::move(version);
    }
    failing_ = false;
  } catch (const std::exception& error) {
    ++failures_;
    if (!std::exchange(failing_, true)) calls_.tell(error.what());
  }
}

}  // namespace shoestring
