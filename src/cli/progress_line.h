#pragma once

#include <chrono>
#include <string>

namespace shoestring {

/// Progress on stderr: one line that is drawn over on a terminal, a plain line now and
/// then elsewhere. Draws at most as often as that makes sense.
class ProgressLine {
 public:
  /// A quiet one shows nothing.
  explicit ProgressLine(bool quiet);
  ~ProgressLine();
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  /// True when it is time for the next line; Show() it then.
  bool Due() const;
  void Show(const std::string& line);
  /// Takes the line off the terminal.
  void Clear();

  double elapsed_seconds() const;
  /// "12 s left", by how much of the whole is done (0 to 1); "estimating" at first.
  std::string TimeLeft(double done) const;

 private:
  const bool quiet_;
  const bool terminal_;
  bool drawn_ = false;
  const std::chrono::steady_clock::time_point begun_ = std::chrono::steady_clock::now();
  std::chrono::steady_clock::time_point shown_ = begun_;
};

}  // namespace shoestring
