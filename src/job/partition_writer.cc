#include "job/partition_writer.h"

#include <arrow/record_batch.h>

#include <algorithm>

namespace shoestring {

namespace {

// A small file is one row group, whose dictionaries and bounds stand in it once; a lookup
// in sorted rows reads pages of it. Measured in docs/adr/0003.
constexpr int64_t kMinRowGroupRows = 1 << 16;
constexpr int64_t kMaxRowGroupRows = 1 << 17;
constexpr int64_t kRowGroupsPerFile = 16;
constexpr int64_t kBatchBytes = 4 << 20;
constexpr int64_t kTargetFileBytes = 256 << 20;

}  // namespace

PartitionWriter::PartitionWriter(const TablePlan& plan, const Options& options, Open open,
                                 OnBatch on_batch)
    : plan_(plan),
      options_(options),
      open_(std::move(open)),
      on_batch_(std::move(on_batch)),
      decoder_(plan.MakeDecoder(options.texts)) {}

ParquetFile* PartitionWriter::File() {
  if (!file_) {
    ParquetOptions parquet;
    parquet.compression = options_.compression;
    parquet.wide_columns = options_.wide_columns;
    parquet.row_group_bytes = options_.row_group_bytes;
    parquet.row_group_rows = std::clamp(options_.expected_rows / kRowGroupsPerFile,
                                        kMinRowGroupRows, kMaxRowGroupRows);
    OpenFile open = open_(static_cast<int>(finished_.size()));
    parquet.key = std::move(open.key);
    file_ = std::make_unique<ParquetFile>(std::move(open.to), plan_.columns, parquet);
  }
  return file_.get();
}

void PartitionWriter::BeginRow() {
  if (batch_rows_ == 0) batch_rows_ = std::min(options_.batch_rows, File()->room());
}

void PartitionWriter::Append(Bytes tuple) {
  BeginRow();
  decoder_.Append(tuple);
}

void PartitionWriter::AppendPacked(Bytes tuple) {
  BeginRow();
  decoder_.AppendPacked(tuple);
}

bool PartitionWriter::full() const {
  return decoder_.rows() >= batch_rows_ || decoder_.bytes() >= kBatchBytes;
}

void PartitionWriter::WriteBatch() {
  const int64_t rows = decoder_.rows();
  File()->Write(decoder_.Finish());
  batch_rows_ = 0;
  on_batch_(rows);
  if (file_->bytes() < kTargetFileBytes) return;
  finished_.push_back(std::move(*file_).Finish());
  file_.reset();
}

std::vector<ParquetFile::Finished> PartitionWriter::Finish() && {
  if (decoder_.rows() > 0) WriteBatch();
  if (file_ || finished_.empty()) {
    File();
    finished_.push_back(std::move(*file_).Finish());
  }
  return std::move(finished_);
}

}  // namespace shoestring
