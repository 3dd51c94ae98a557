#include "cli/progress_line.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "base/units.h"

namespace shoestring {

ProgressLine::ProgressLine(bool quiet)
    : quiet_(quiet), terminal_(isatty(STDERR_FILENO) == 1) {}

ProgressLine::~ProgressLine() { Clear(); }

bool ProgressLine::Due() const {
  const std::chrono::milliseconds gap(terminal_ ? 200 : 5000);
  return !quiet_ && std::chrono::steady_clock::now() - shown_ >= gap;
}

void ProgressLine::Show(const std::string& line) {
  shown_ = std::chrono::steady_clock::now();
  std::fprintf(stderr, terminal_ ? "\r\x1b[K%s" : "%s\n", line.c_str());
  drawn_ = terminal_;
}

void ProgressLine::Clear() {
  if (drawn_) std::fputs("\r\x1b[K", stderr);
  drawn_ = false;
}

double ProgressLine::elapsed_seconds() const {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begun_).count();
}

std::string ProgressLine::TimeLeft(double done) const {
  constexpr double kEnoughToTell = 0.01;
  if (done <= kEnoughToTell) return "estimating";
  const double left = std::max(0.0, elapsed_seconds() * (1 - done) / done);
  return FormatDuration(std::chrono::milliseconds(static_cast<int64_t>(1000 * left))) +
         " left";
}

}  // namespace shoestring
