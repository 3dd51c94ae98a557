#pragma once

#include <cstddef>
#include <functional>

namespace shoestring {

/// Runs task(i) for each i below `count`, on at most `threads` threads, of which the
/// caller's is one. After an error no more tasks begin; the first error is thrown once
/// all that had begun have ended.
void InParallel(size_t threads, size_t count, const std::function<void(size_t)>& task);

}  // namespace shoestring
