#include "job/task_pool.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include "base/error.h"

namespace shoestring {

namespace {

constexpr std::chrono::milliseconds kTick{200};

}  // namespace

void RunTasks(int jobs, size_t count, const std::stop_token& stop,
              const std::function<void()>& on_tick,
              const std::function<void(size_t, size_t, const std::stop_token&)>& task) {
  std::stop_source stop_all;
  const std::stop_callback forward(stop, [&] { stop_all.request_stop(); });
  std::mutex mutex;
  std::condition_variable ended;
  // Under the mutex:
  size_t next = 0;
  size_t running = std::min<size_t>(static_cast<size_t>(std::max(jobs, 1)), count);
  std::exception_ptr error;

  const auto take = [&]() -> size_t {
    const std::lock_guard lock(mutex);
    return stop_all.stop_requested() ? count : std::min(next++, count);
  };
  const auto work = [&](size_t worker) {
    std::exception_ptr failure;
    try {
      for (size_t i = take(); i < count; i = take())
        task(worker, i, stop_all.get_token());
    } catch (...) {
      failure = std::current_exception();
    }
    const std::lock_guard lock(mutex);
    if (failure && !error) error = failure;
    if (failure) stop_all.request_stop();
    --running;
    ended.notify_all();
  };

  std::vector<std::jthread> workers;
  for (size_t i = 0, threads = running; i < threads; ++i) workers.emplace_back(work, i);
  std::unique_lock lock(mutex);
  while (running > 0) {
    ended.wait_for(lock, kTick, [&] { return running == 0; });
    lock.unlock();
    on_tick();
    lock.lock();
  }
  if (error) std::rethrow_exception(error);
  if (stop.stop_requested()) throw Fail(ErrorKind::kCancelled, "Stopped on request");
}

}  // namespace shoestring
