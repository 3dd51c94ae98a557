#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "lake/object_store.h"
#include "lake/table_metadata.h"

namespace shoestring {

/// "snappy", "zstd", "zstd:9", "none".
struct Compression {
  enum class Codec { kNone, kSnappy, kZstd };
  Codec codec = Codec::kSnappy;
  int level = 0;  ///< 0: the codec's own default.
};
/// Throws kInvalidArgument for anything else.
Compression ParseCompression(std::string_view text);
std::string ToString(const Compression& compression);

/// The lake's type of an Arrow type; throws kUnsupported for one that no lake file has.
LakeType LakeTypeOf(const arrow::DataType& type);
/// Gives each column, and each list's element, the next field id from 1.
void AssignFieldIds(std::vector<LakeColumn>* columns);
/// The schema that a data file of these columns has, with field ids.
std::shared_ptr<arrow::Schema> FileSchema(const std::vector<LakeColumn>& columns);

struct ParquetOptions {
  std::string key;  ///< Of the object: the file's own checksums are of it, too.
  Compression compression;
  int64_t row_group_rows = 1 << 17;
  int64_t row_group_bytes = 16 << 20;  ///< Of values in memory.
  /// Field ids of columns whose values are so large that copies of them, as dictionaries
  /// and bounds need, are not to be made.
  std::set<int> wide_columns;
};

/// Writes one Parquet file as Athena, Trino and the JVM readers want it: field ids, INT64
/// micros, statistics, page index, dictionaries; and with checksums of itself
/// (file_checksums.h). One thread.
class ParquetFile {
 public:
  ParquetFile(std::unique_ptr<ObjectWriter> to, const std::vector<LakeColumn>& columns,
              const ParquetOptions& options);
  ~ParquetFile();

  /// Batches become row groups when enough rows or bytes have come. A text column may be
  /// a dictionary array, with int32 indices, into as many texts as there are.
  void Write(std::shared_ptr<arrow::RecordBatch> batch);
  /// Rows until the current row group is full.
  int64_t room() const;
  int64_t rows() const;
  /// Bytes handed to the store so far.
  int64_t bytes() const;

  struct Finished {
    StagedObject object;
    DataFile file;         ///< Without its partition.
    std::string checksum;  ///< Of all bytes that were handed to the store.
  };
  Finished Finish() &&;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace shoestring
