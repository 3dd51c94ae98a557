#pragma once

#include <arrow/type_fwd.h>

#include <memory>
#include <string>
#include <vector>

#include "base/checksum.h"
#include "source/row_image.h"

namespace shoestring {

/// Makes the images of rows as the lake holds them, a batch at a time, column by column.
/// A value that no source could have sent (an int2 beyond 16 bits, a uuid that is none)
/// gets an image that no value of the source has. Text may be in dictionaries, with int32
/// indices. Not thread-safe.
class ArrowRowImage {
 public:
  /// Throws kCorrupt, with `what`, when a column's type is not what its form becomes.
  ArrowRowImage(const std::vector<ImageForm>& forms, const arrow::Schema& schema,
                const std::string& what);
  ~ArrowRowImage();

  /// Adds each row of a batch of this schema to the sum.
  void AddTo(RowSum* sum, const arrow::RecordBatch& batch);
  /// The image of each row: for tests.
  std::vector<std::string> Images(const arrow::RecordBatch& batch);

  class Column;

 private:
  /// Fills images_ and ends_ with rows from `first` on; how many they are.
  int64_t Encode(const arrow::RecordBatch& batch, int64_t first);

  std::vector<std::unique_ptr<Column>> columns_;
  std::vector<size_t> sizes_;      ///< By row of the slice: bytes of its image.
  std::vector<uint8_t*> cursors_;  ///< By row of the slice: where its next column goes.
  std::vector<uint8_t> images_;
};

}  // namespace shoestring
