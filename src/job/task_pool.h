#pragma once

#include <cstddef>
#include <functional>
#include <stop_token>

namespace shoestring {

/// Runs task(worker, i) for each i below `count`, in this order, on at most `jobs`
/// threads; `worker` counts from 0, and one worker's tasks run one after the other. Calls
/// `on_tick` about five times a second from the calling thread. The first error ends all,
/// and is thrown; a stop request ends all with kCancelled. `task` should look at its
/// stop token when it takes long.
void RunTasks(
    int jobs, size_t count, const std::stop_token& stop,
    const std::function<void()>& on_tick,
    const std::function<void(size_t worker, size_t i, const std::stop_token&)>& task);

}  // namespace shoestring
