#include "cli/output.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <arrow/result.h>
#include <arrow/status.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "base/error.h"

namespace shoestring {

namespace {

/// A file descriptor that it owns unless it is standard output.
class DescriptorStream : public arrow::io::OutputStream {
 public:
  explicit DescriptorStream(int descriptor) : descriptor_(descriptor) {}
  ~DescriptorStream() override {
    if (!closed_) (void)DescriptorStream::Close();
  }

  arrow::Status Write(const void* data, int64_t count) override {
    const char* from = static_cast<const char*>(data);
    while (count > 0) {
      const ssize_t written = write(descriptor_, from, static_cast<size_t>(count));
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return Failed();
      from += written;
      count -= written;
      position_ += written;
    }
    return arrow::Status::OK();
  }

  arrow::Status Close() override {
    closed_ = true;
    if (descriptor_ != STDOUT_FILENO && close(descriptor_) != 0) return Failed();
    return arrow::Status::OK();
  }

  arrow::Status Sync() {
    return fsync(descriptor_) == 0 ? arrow::Status::OK() : Failed();
  }

  arrow::Result<int64_t> Tell() const override { return position_; }
  bool closed() const override { return closed_; }
  bool reader_gone() const { return reader_gone_; }

 private:
  arrow::Status Failed() {
    reader_gone_ = errno == EPIPE;
    return arrow::Status::IOError(std::strerror(errno));
  }

  const int descriptor_;
  int64_t position_ = 0;
  bool closed_ = false;
  bool reader_gone_ = false;
};

int TerminalWidth() {
  constexpr int kUnknownTerminal = 80;
  if (isatty(STDOUT_FILENO) == 0) return 0;
  winsize size{};
  const bool known = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  return known ? size.ws_col : kUnknownTerminal;
}

}  // namespace

Output::Output(const std::string& path, std::string_view binary) : path_(path) {
  if (path.empty() || path == "-") {
    terminal_width_ = TerminalWidth();
    if (terminal_width_ > 0 && !binary.empty()) {
      throw Fail(ErrorKind::kInvalidArgument,
                 "A terminal cannot show {}, write --output FILE or redirect it", binary);
    }
    stream_ = std::make_shared<DescriptorStream>(STDOUT_FILENO);
    return;
  }
  unfinished_ = path + ".unfinished";
  constexpr int kMode = 0666;
  const int descriptor =
      open(unfinished_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, kMode);
  if (descriptor < 0) {
    const std::string reason = std::strerror(errno);
    unfinished_.clear();
    throw Fail(ErrorKind::kInvalidArgument, "Cannot write the output, {}: {}", reason,
               path);
  }
  stream_ = std::make_shared<DescriptorStream>(descriptor);
}

Output::~Output() {
  if (!unfinished_.empty()) unlink(unfinished_.c_str());
}

bool Output::reader_gone() const {
  return static_cast<const DescriptorStream&>(*stream_).reader_gone();
}

void Output::Commit() {
  if (unfinished_.empty()) return;
  auto& stream = static_cast<DescriptorStream&>(*stream_);
  arrow::Status done = stream.Sync();
  if (done.ok()) done = stream.Close();
  if (!done.ok() || std::rename(unfinished_.c_str(), path_.c_str()) != 0) {
    throw Fail(ErrorKind::kUnavailable, "Cannot write the output, {}: {}",
               done.ok() ? std::strerror(errno) : done.message(), path_);
  }
  unfinished_.clear();
}

}  // namespace shoestring
