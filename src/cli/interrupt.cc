#include "cli/interrupt.h"

#include <pthread.h>
#include <unistd.h>

#include <csignal>
#include <ctime>

#include "base/error.h"
#include "base/request_scope.h"

namespace shoestring {

namespace {

sigset_t WatchedSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  return signals;
}

}  // namespace

Interrupt::Interrupt() {
  const sigset_t signals = WatchedSignals();
  pthread_sigmask(SIG_BLOCK, &signals, &before_);
  waiter_ = std::jthread([this, signals](const std::stop_token& end) {
    constexpr timespec kLookAgain{1, 0};
    while (!end.stop_requested()) {
      if (sigtimedwait(&signals, nullptr, &kLookAgain) < 0 || end.stop_requested())
        continue;
      if (!stop_.request_stop()) _exit(ExitCode(ErrorKind::kCancelled));
      InterruptRequests();
    }
  });
}

Interrupt::~Interrupt() {
  waiter_.request_stop();
  pthread_kill(waiter_.native_handle(), SIGINT);  // It need not wait to see that.
  waiter_.join();
  pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

}  // namespace shoestring
