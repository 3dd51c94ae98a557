#include "engine/duckdb_parquet_input.h"

// Before Arrow: both define the C data interface, and DuckDB needs its own.
#include <duckdb.hpp>

#include <arrow/buffer.h>
#include <arrow/io/interfaces.h>
#include <arrow/result.h>
#include <parquet/column_reader.h>
#include <parquet/exception.h>
#include <parquet/file_reader.h>
#include <parquet/metadata.h>

#include <algorithm>
#include <cstring>

namespace shoestring {

namespace {

// Its own length, little-endian, and "PAR1" end a footer.
constexpr int64_t kFooterEnd = 8;

}  // namespace

class ParquetInput::Source : public arrow::io::RandomAccessFile {
 public:
  Source(LakeFileSystem* files, const std::string& path, duckdb::FileOpener* opener)
      : files_(files),
        handle_(files->OpenFile(path, duckdb::FileFlags::FILE_FLAGS_READ, opener)),
        size_(files->GetFileSize(*handle_)) {}

  arrow::Status Close() override {
    closed_ = true;
    return arrow::Status::OK();
  }
  bool closed() const override { return closed_; }
  arrow::Result<int64_t> Tell() const override { return position_; }
  arrow::Result<int64_t> GetSize() override { return size_; }
  arrow::Status Seek(int64_t position) override {
    position_ = position;
    return arrow::Status::OK();
  }

  arrow::Result<int64_t> ReadAt(int64_t position, int64_t bytes, void* out) override {
    const int64_t count = std::clamp<int64_t>(size_ - position, 0, bytes);
    if (count > 0) files_->Read(*handle_, out, count, static_cast<uint64_t>(position));
    return count;
  }
  arrow::Result<std::shared_ptr<arrow::Buffer>> ReadAt(int64_t position,
                                                       int64_t bytes) override {
    const int64_t count = std::clamp<int64_t>(size_ - position, 0, bytes);
    ARROW_ASSIGN_OR_RAISE(auto buffer, arrow::AllocateBuffer(count));
    ARROW_RETURN_NOT_OK(ReadAt(position, count, buffer->mutable_data()).status());
    return std::shared_ptr<arrow::Buffer>(std::move(buffer));
  }
  arrow::Result<int64_t> Read(int64_t bytes, void* out) override {
    ARROW_ASSIGN_OR_RAISE(const int64_t count, ReadAt(position_, bytes, out));
    position_ += count;
    return count;
  }
  arrow::Result<std::shared_ptr<arrow::Buffer>> Read(int64_t bytes) override {
    ARROW_ASSIGN_OR_RAISE(auto buffer, ReadAt(position_, bytes));
    position_ += buffer->size();
    return buffer;
  }

 private:
  LakeFileSystem* const files_;
  const duckdb::unique_ptr<duckdb::FileHandle> handle_;
  const int64_t size_;
  int64_t position_ = 0;
  bool closed_ = false;
};

ParquetInput::ParquetInput(LakeFileSystem* files, const std::string& path,
                           duckdb::FileOpener* opener)
    : source_(std::make_shared<Source>(files, path, opener)) {}

ParquetInput::~ParquetInput() = default;

std::shared_ptr<parquet::FileMetaData> ParquetInput::ReadFooter() {
  const int64_t size = source_->GetSize().ValueOrDie();
  uint32_t length = 0;
  const auto end = source_->ReadAt(size - kFooterEnd, kFooterEnd).ValueOrDie();
  if (end->size() < kFooterEnd) throw parquet::ParquetException("It is too short");
  std::memcpy(&length, end->data(), sizeof(length));
  if (length > size - kFooterEnd) throw parquet::ParquetException("Its footer is not");
  const auto footer = source_->ReadAt(size - kFooterEnd - length, length).ValueOrDie();
  return parquet::FileMetaData::Make(footer->data(), int64_t{length});
}

std::shared_ptr<parquet::ColumnReader> ParquetInput::Column(
    const std::shared_ptr<parquet::FileMetaData>& footer, int group, int leaf) {
  if (!reader_) {
    reader_ = parquet::ParquetFileReader::Open(
        source_, parquet::default_reader_properties(), footer);
  }
  return reader_->RowGroup(group)->ColumnWithExposeEncoding(
      leaf, parquet::ExposedEncoding::DICTIONARY);
}

}  // namespace shoestring
