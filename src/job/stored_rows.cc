#include "job/stored_rows.h"

#include <arrow/api.h>
#include <arrow/io/memory.h>
#include <parquet/arrow/reader.h>
#include <parquet/exception.h>
#include <parquet/file_reader.h>
#include <parquet/properties.h>

#include <algorithm>
#include <mutex>

#include "base/error.h"
#include "lake/range_file.h"
#include "source/arrow_row_image.h"

namespace shoestring {

namespace {

constexpr int64_t kPieceBytes = 4 << 20;
constexpr int64_t kBatchRows = 8192;
constexpr int64_t kWideBytes = 32 << 20;

std::shared_ptr<RangeFile> OpenStored(ObjectStore* store, const std::string& key,
                                      int64_t size) {
  return std::make_shared<RangeFile>(
      size, [store, key](int64_t position, std::span<uint8_t> to) {
        store->ReadRange(key, position, to, /*etag=*/nullptr);
      });
}

void Check(const arrow::Status& status) {
  if (status.ok()) return;
  if (status.IsOutOfMemory()) throw std::bad_alloc();
  throw parquet::ParquetException(status.message());
}

// Texts that are written as dictionaries are read as such: each is copied once.
void KeepDictionaries(const parquet::FileMetaData& footer,
                      const std::vector<ImageForm>& forms,
                      parquet::ArrowReaderProperties* properties) {
  // With other columns than it should have, it is refused later on.
  if (footer.num_row_groups() == 0 ||
      static_cast<size_t>(footer.num_columns()) != forms.size()) {
    return;
  }
  const auto first = footer.RowGroup(0);
  for (int i = 0; i < footer.num_columns(); ++i) {
    const bool text = forms[static_cast<size_t>(i)].wire == Wire::kText &&
                      footer.schema()->Column(i)->logical_type()->is_string();
    if (text && first->ColumnChunk(i)->has_dictionary_page()) {
      properties->set_read_dictionary(i, true);
    }
  }
}

std::unique_ptr<parquet::arrow::FileReader> OpenParquet(
    const std::shared_ptr<arrow::io::RandomAccessFile>& file,
    const std::vector<ImageForm>& forms) {
  parquet::ReaderProperties properties;
  properties.set_page_checksum_verification(true);
  parquet::ArrowReaderProperties arrow_properties(/*use_threads=*/false);
  // Otherwise it would read ahead of what memory has room for.
  arrow_properties.set_pre_buffer(false);
  arrow_properties.set_batch_size(kBatchRows);
  parquet::arrow::FileReaderBuilder builder;
  Check(builder.Open(file, properties));
  KeepDictionaries(*builder.raw_reader()->metadata(), forms, &arrow_properties);
  auto reader = builder.properties(arrow_properties)->Build();
  Check(reader.status());
  return std::move(*reader);
}

void CheckNames(const std::string& key, const arrow::Schema& schema,
                const std::vector<std::string>& names) {
  if (schema.field_names() == names) return;
  throw Fail(ErrorKind::kCorrupt, "{}: its columns are {}, and should be {}", key,
             fmt::join(schema.field_names(), ", "), fmt::join(names, ", "));
}

RowSum SumRows(const std::string& key, parquet::arrow::FileReader* reader,
               const std::vector<std::string>& names,
               const std::vector<ImageForm>& forms) {
  std::shared_ptr<arrow::Schema> schema;
  Check(reader->GetSchema(&schema));
  CheckNames(key, *schema, names);
  ArrowRowImage image(forms, *schema, key);
  RowSum sum;
  // A row group after the other: a batch never holds more of them than one, and of those
  // with wide rows one at a time is in memory, whatever the number of threads.
  static std::mutex one_at_a_time;
  for (int group = 0; group < reader->num_row_groups(); ++group) {
    std::unique_lock turn(one_at_a_time, std::defer_lock);
    const auto footer = reader->parquet_reader()->metadata();
    if (footer->RowGroup(group)->total_byte_size() > kWideBytes) turn.lock();
    auto batches = reader->GetRecordBatchReader({group});
    Check(batches.status());
    for (auto batch = (*batches)->Next();; batch = (*batches)->Next()) {
      Check(batch.status());
      if (!*batch) break;
      image.AddTo(&sum, **batch);
    }
  }
  return sum;
}

}  // namespace

StoredRows::StoredRows(ObjectStore* store, std::string key, int64_t memory,
                       OnBytes on_bytes)
    : store_(store), key_(std::move(key)) {
  const auto info = store->Head(key_);
  if (!info) throw Fail(ErrorKind::kNotFound, "No such object: {}", key_);
  if (info->size <= memory) {
    content_ = store->Get(key_).content;
    kept_ = true;
    bytes_ = static_cast<int64_t>(content_.size());
    checksum_ = ChecksumOf(content_);
    on_bytes(bytes_);
    return;
  }
  bytes_ = info->size;
  Checksum checksum;
  std::string piece;
  for (int64_t at = 0; at < bytes_; at += static_cast<int64_t>(piece.size())) {
    piece.resize(static_cast<size_t>(std::min(kPieceBytes, bytes_ - at)));
    store->ReadRange(key_, at, {reinterpret_cast<uint8_t*>(piece.data()), piece.size()},
                     /*etag=*/nullptr);
    checksum.Append(AsBytes(piece));
    on_bytes(static_cast<int64_t>(piece.size()));
  }
  checksum_ = checksum.Hex();
}

RowSum StoredRows::Sum(const std::vector<std::string>& names,
                       const std::vector<ImageForm>& forms) const {
  std::shared_ptr<arrow::io::RandomAccessFile> file;
  if (kept_) {
    file = std::make_shared<arrow::io::BufferReader>(std::make_shared<arrow::Buffer>(
        reinterpret_cast<const uint8_t*>(content_.data()), bytes_));
  } else {
    file = OpenStored(store_, key_, bytes_);
  }
  try {
    const auto reader = OpenParquet(file, forms);
    return SumRows(key_, reader.get(), names, forms);
  } catch (const parquet::ParquetException& error) {
    throw Fail(ErrorKind::kCorrupt, "{}: {}", key_, error.what());
  }
}

}  // namespace shoestring
