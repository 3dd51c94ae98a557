#include "engine/duckdb_parquet_input.h"

// Before Arrow: both define the C data interface, and DuckDB needs its own.
#include <duckdb.hpp>

#include <arrow/buffer.h>
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
