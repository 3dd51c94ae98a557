#pragma once

#include <arrow/io/interfaces.h>
#include <arrow/result.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <span>

namespace shoestring {

/// Bytes of which any range can be read, as Arrow reads files. What reading throws passes
/// through as it was thrown. One thread.
class RangeFile : public arrow::io::RandomAccessFile {
 public:
  /// Fills all of `to` with the bytes from `position` on; asked for none beyond the end.
  using ReadRange = std::function<void(int64_t position, std::span<uint8_t> to)>;

  RangeFile(int64_t size, ReadRange read);

  arrow::Status Close() override;
  bool closed() const override { return closed_; }
  arrow::Result<int64_t> Tell() const override { return position_; }
  arrow::Result<int64_t> GetSize() override { return size_; }
  arrow::Status Seek(int64_t position) override;
  arrow::Result<int64_t> ReadAt(int64_t position, int64_t bytes, void* out) override;
  arrow::Result<std::shared_ptr<arrow::Buffer>> ReadAt(int64_t position,
                                                       int64_t bytes) override;
  arrow::Result<int64_t> Read(int64_t bytes, void* out) override;
  arrow::Result<std::shared_ptr<arrow::Buffer>> Read(int64_t bytes) override;

 private:
  const int64_t size_;
  const ReadRange read_;
  int64_t position_ = 0;
  bool closed_ = false;
};

}  // namespace shoestring
