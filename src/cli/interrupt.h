#pragma once

#include <csignal>
#include <stop_token>
#include <thread>

namespace shoestring {

/// Turns Ctrl-C, and SIGTERM, into a stop request while it lives, and ends requests
/// that are under way; a second one ends the process at once. To be created before any
/// other thread.
class Interrupt {
 public:
  Interrupt();
  ~Interrupt();

  std::stop_token token() const { return stop_.get_token(); }

 private:
  sigset_t before_{};
  std::stop_source stop_;
  std::jthread waiter_;
};

}  // namespace shoestring
