#include "engine/duckdb_parquet_input.h"

// Before Arrow: both define the C data interface, and DuckDB needs its own.
#include <duckdb.hpp>

#include <arrow/buffer.h>
#include <arrow/io/memory.h>
#include <parquet/column_reader.h>
#include <parquet/exception.h>
#include <parquet/file_reader.h>
#include <parquet/metadata.h>

#include <cstring>

#include "lake/range_file.h"

namespace shoestring {

namespace {

// Its own length, little-endian, and "PAR1" end a footer.
constexpr int64_t kFooterEnd = 8;

std::shared_ptr<RangeFile> OpenSource(LakeFileSystem* files, const std::string& path,
                                      duckdb::FileOpener* opener) {
  const std::shared_ptr<duckdb::FileHandle> handle =
      files->OpenFile(path, duckdb::FileFlags::FILE_FLAGS_READ, opener);
  return std::make_shared<RangeFile>(
      files->GetFileSize(*handle),
      [files, handle](int64_t position, std::span<uint8_t> to) {
        if (to.empty()) return;
        files->Read(*handle, to.data(), static_cast<int64_t>(to.size()),
                    static_cast<uint64_t>(position));
      });
}

/// A row group of which one column can be read, from bytes that hold a part of it.
class PartOfRowGroup : public parquet::RowGroupReader::Contents {
 public:
  PartOfRowGroup(std::unique_ptr<parquet::RowGroupMetaData> metadata,
                 std::shared_ptr<arrow::Buffer> bytes, int64_t rows)
      : metadata_(std::move(metadata)), bytes_(std::move(bytes)), rows_(rows) {}

  std::unique_ptr<parquet::PageReader> GetColumnPageReader(int leaf) override {
    return parquet::PageReader::Open(std::make_shared<arrow::io::BufferReader>(bytes_),
                                     rows_, metadata_->ColumnChunk(leaf)->compression(),
                                     *properties(), *metadata_->schema()->Column(leaf));
  }
  const parquet::RowGroupMetaData* metadata() const override { return metadata_.get(); }
  const parquet::ReaderProperties* properties() const override { return &properties_; }

 private:
  const std::unique_ptr<parquet::RowGroupMetaData> metadata_;
  const std::shared_ptr<arrow::Buffer> bytes_;
  const int64_t rows_;
  const parquet::ReaderProperties properties_;
};

std::string ReadAll(RangeFile* source, const std::vector<ByteRange>& ranges) {
  std::string bytes;
  for (const auto& [begin, end] : ranges) {
    if (begin < 0 || end < begin) throw parquet::ParquetException("No such bytes");
    const auto part = source->ReadAt(begin, end - begin).ValueOrDie();
    if (part->size() < end - begin) throw parquet::ParquetException("It is too short");
    bytes.append(reinterpret_cast<const char*>(part->data()),
                 static_cast<size_t>(part->size()));
  }
  return bytes;
}

}  // namespace

ParquetInput::ParquetInput(LakeFileSystem* files, const std::string& path,
                           duckdb::FileOpener* opener)
    : source_(OpenSource(files, path, opener)) {}

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

ColumnPages ParquetInput::Pages(const parquet::FileMetaData& footer, int group, int leaf,
                                const LakeType& type) {
  return PagesOf(footer, group, leaf, type, [this](const ByteRange& range) {
    return ReadAll(source_.get(), {range});
  });
}

std::shared_ptr<parquet::ColumnReader> ParquetInput::Column(
    const parquet::FileMetaData& footer, int group, int leaf, const ColumnPart& part) {
  parquet::RowGroupReader reader(std::make_unique<PartOfRowGroup>(
      footer.RowGroup(group),
      arrow::Buffer::FromString(ReadAll(source_.get(), part.ranges)), part.rows));
  return reader.ColumnWithExposeEncoding(leaf, parquet::ExposedEncoding::DICTIONARY);
}

}  // namespace shoestring
