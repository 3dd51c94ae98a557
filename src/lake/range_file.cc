#include "lake/range_file.h"

#include <arrow/buffer.h>

#include <algorithm>
#include <utility>

namespace shoestring {

RangeFile::RangeFile(int64_t size, ReadRange read)
    : size_(size), read_(std::move(read)) {}

arrow::Status RangeFile::Close() {
  closed_ = true;
  return arrow::Status::OK();
}

arrow::Status RangeFile::Seek(int64_t position) {
  position_ = position;
  return arrow::Status::OK();
}

arrow::Result<int64_t> RangeFile::ReadAt(int64_t position, int64_t bytes, void* out) {
  const int64_t count = std::clamp<int64_t>(size_ - position, 0, bytes);
  read_(position, {static_cast<uint8_t*>(out), static_cast<size_t>(count)});
  return count;
}

arrow::Result<std::shared_ptr<arrow::Buffer>> RangeFile::ReadAt(int64_t position,
                                                                int64_t bytes) {
  const int64_t count = std::clamp<int64_t>(size_ - position, 0, bytes);
  ARROW_ASSIGN_OR_RAISE(auto buffer, arrow::AllocateBuffer(count));
  ARROW_RETURN_NOT_OK(ReadAt(position, count, buffer->mutable_data()).status());
  return std::shared_ptr<arrow::Buffer>(std::move(buffer));
}

arrow::Result<int64_t> RangeFile::Read(int64_t bytes, void* out) {
  ARROW_ASSIGN_OR_RAISE(const int64_t count, ReadAt(position_, bytes, out));
  position_ += count;
  return count;
}

arrow::Result<std::shared_ptr<arrow::Buffer>> RangeFile::Read(int64_t bytes) {
  ARROW_ASSIGN_OR_RAISE(auto buffer, ReadAt(position_, bytes));
  position_ += buffer->size();
  return buffer;
}

}  // namespace shoestring
