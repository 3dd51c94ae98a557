#pragma once

#include <span>
#include <string>
#include <vector>

#include "source/copy_stream.h"
#include "source/type_mapping.h"

namespace shoestring {

/// Turns a row into bytes whose order (memcmp) is the order of its partition and then of
/// its sort columns: ascending, nulls last, text by its bytes.
class RowKey {
 public:
  struct Part {
    size_t column = 0;  ///< Index of the field.
    ColumnMapping mapping;
  };

  /// `partition` is empty, or the date or timestamp column that is cut into `depth`
  /// parts: 1 year, 2 month, 3 day.
  RowKey(std::vector<Part> partition, int depth, std::vector<Part> sort);

  /// Appends the key. A partition value that is no day of the years 1 to 9999 is left for
  /// the decoder to report, and sorts as null.
  void Append(std::span<const TupleField> fields, std::string* key) const;

  /// Bytes at the front of each key that name the partition.
  size_t partition_bytes() const { return static_cast<size_t>(depth_) * sizeof(int16_t); }
  /// Year, month, day as far as they go; zeros for no date.
  std::vector<int32_t> PartitionOf(std::string_view key) const;

 private:
  std::vector<Part> partition_;
  int depth_;
  std::vector<Part> sort_;
};

}  // namespace shoestring
