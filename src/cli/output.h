#pragma once

#include <arrow/io/interfaces.h>

#include <memory>
#include <string>
#include <string_view>

namespace shoestring {

/// Where a result goes: standard output, or a file that appears only when it is whole.
class Output {
 public:
  /// An empty path or "-" is standard output. `binary`: what the bytes are ("PNG") when
  /// they are no text; throws kInvalidArgument when they would go to a terminal.
  explicit Output(const std::string& path, std::string_view binary = "");
  ~Output();
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;

  const std::shared_ptr<arrow::io::OutputStream>& stream() const { return stream_; }
  /// Columns of the terminal that reads, 0 when none does.
  int terminal_width() const { return terminal_width_; }
  /// True when nobody reads any more, as after `| head`: no error, but no use going on.
  bool reader_gone() const;
  /// Puts the file under its name.
  void Commit();

 private:
  std::string path_;
  std::string unfinished_;  // Empty for standard output, and once committed.
  int terminal_width_ = 0;
  std::shared_ptr<arrow::io::OutputStream> stream_;
};

}  // namespace shoestring
