#pragma once

#include <atomic>
#include <chrono>
#include <optional>

#include "base/http_client.h"

namespace shoestring {

/// How often a client asks again: a stock of which each retry takes a part, and each
/// success gives a little back, so that a server that fails is not asked ever more often.
/// Thread-safe.
class RetryBudget {
 public:
  /// `cost` is what a retry takes of a stock of 500; a success gives 1 back.
  explicit RetryBudget(int cost) : cost_(cost) {}

  /// False when there is not enough.
  bool Spend();
  void Refill();

 private:
  static constexpr int kStock = 500;
  const int cost_;
  std::atomic<int> left_ = kStock;
};

/// The pause before another attempt, by chance up to a bound that begins with `first`,
/// doubles with each attempt that was made, and ends at 5 s.
std::chrono::milliseconds PauseAfter(int attempts, std::chrono::milliseconds first);

/// By chance between 0 and `longest`, so that those who failed together do not come again
/// together. Thread-safe.
std::chrono::milliseconds RandomUpTo(std::chrono::milliseconds longest);

/// What the server's clock says, less ours; nothing when it does not say.
std::optional<std::chrono::seconds> ClockDifference(const HttpAnswer& answer);

}  // namespace shoestring
