#pragma once

#include <optional>
#include <string>

#include "source/copy_stream.h"

namespace shoestring {

/// Reads an array's binary send form: dimensions, has-null flag, element type, size and
/// lower bound of each dimension, then the elements, each with its length. Pure.
class ArrayReader {
 public:
  explicit ArrayReader(Bytes array);

  /// False as soon as the bytes are seen to be no array; after the last element, also
  /// when some are left over.
  bool valid() const { return valid_; }
  int32_t dimensions() const { return dimensions_; }
  /// Of the first dimension; 0 elements without one.
  int32_t size() const { return size_; }
  int32_t lower_bound() const { return lower_bound_; }

  /// The next element of an array of at most one dimension; nothing at the end.
  std::optional<TupleField> Next();

 private:
  Bytes left_;
  bool valid_ = false;
  int32_t dimensions_ = 0;
  int32_t size_ = 0;
  int32_t lower_bound_ = 1;
  int32_t taken_ = 0;
};

/// The head of an array of one dimension that begins at index 1. The element type, which
/// nothing here asks for, is 0.
std::string FormatArrayHeader(int32_t size);

}  // namespace shoestring
