#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "job/migrate_plan.h"
#include "lake/object_store.h"
#include "lake/parquet_file.h"

namespace shoestring {

/// Turns the sorted tuples of one partition into Parquet files: one until it reaches the
/// target size, then the next. One thread.
class PartitionWriter {
 public:
  struct Options {
    Compression compression;
    int64_t batch_rows = 0;
    int64_t row_group_bytes = 0;
    int64_t expected_rows = 0;                      ///< Decides the size of row groups.
    std::set<int> wide_columns = {};                ///< Field ids; see ParquetOptions.
    std::shared_ptr<arrow::Array> texts = nullptr;  ///< See TablePlan::MakeDecoder().
  };
  /// Opens the object for the partition's n-th file, and says its key.
  struct OpenFile {
    std::string key;
    std::unique_ptr<ObjectWriter> to;
  };
  using Open = std::function<OpenFile(int number)>;
  /// Called with the rows of each batch that was handed to a file.
  using OnBatch = std::function<void(int64_t rows)>;

  PartitionWriter(const TablePlan& plan, const Options& options, Open open,
                  OnBatch on_batch);

  void Append(Bytes tuple);
  /// The same with a packed one.
  void AppendPacked(Bytes tuple);
  /// True when enough rows have come for WriteBatch().
  bool full() const;
  /// Hands the rows so far to the file.
  void WriteBatch();
  /// At least one file, even without rows: it carries the schema.
  std::vector<ParquetFile::Finished> Finish() &&;

 private:
  ParquetFile* File();
  void BeginRow();

  const TablePlan& plan_;
  const Options options_;
  const Open open_;
  const OnBatch on_batch_;
  RowDecoder decoder_;
  int64_t batch_rows_ = 0;  ///< Of the batch that has begun; 0 before.
  std::unique_ptr<ParquetFile> file_;
  std::vector<ParquetFile::Finished> finished_;
};

}  // namespace shoestring
