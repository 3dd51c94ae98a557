#pragma once

#include <chrono>
#include <cstdint>

namespace shoestring {

/// Ends every request and every wait that is under way in this process: for Ctrl-C.
/// Those that begin afterwards, to clear up or for the next statement of a prompt, run.
void InterruptRequests();

/// What begins when it is made: a request, or several with waits between them.
class RequestScope {
 public:
  RequestScope();

  /// True once InterruptRequests() was called since.
  bool interrupted() const;
  /// Waits as long, or until interrupted.
  void Sleep(std::chrono::milliseconds duration) const;

 private:
  uint64_t interrupts_;  ///< Calls of InterruptRequests() before.
};

}  // namespace shoestring
