#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/checksum.h"
#include "lake/object_store.h"
#include "source/row_image.h"

namespace shoestring {

/// A data file that is read back from the store: its bytes first, then its rows. Every
/// byte is asked for, whatever a cache may know. One thread.
class StoredRows {
 public:
  /// Called with the bytes of each piece that was read; may throw to stop.
  using OnBytes = std::function<void(int64_t)>;

  /// Reads all bytes. A file of at most `memory` bytes is kept, so that it is asked for
  /// once; a larger one is read in pieces. Throws kNotFound.
  StoredRows(ObjectStore* store, std::string key, int64_t memory, OnBytes on_bytes);

  int64_t bytes() const { return bytes_; }
  const std::string& checksum() const { return checksum_; }

  /// The sum of its rows, whose columns must have these names and forms. Throws kCorrupt
  /// for what is no such Parquet file, page checksums included.
  RowSum Sum(const std::vector<std::string>& names,
             const std::vector<ImageForm>& forms) const;

 private:
  ObjectStore* const store_;
  const std::string key_;
  std::string content_;  ///< Empty when the file is too large to be kept.
  bool kept_ = false;
  int64_t bytes_ = 0;
  std::string checksum_;
};

}  // namespace shoestring
