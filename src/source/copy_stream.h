#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "base/bytes.h"

namespace shoestring {

/// One value of a tuple, in its type's binary send form.
struct TupleField {
  const uint8_t* data = nullptr;
  int32_t size = -1;  ///< -1 for NULL; less is a text's number (packed_tuple.h).

  bool null() const { return size == -1; }
  Bytes bytes() const { return {data, size < 0 ? 0 : static_cast<size_t>(size)}; }
};

/// Reads the fields of a whole tuple (without its count). Throws kCorrupt unless there
/// are just as many as `fields` takes.
void SplitTuple(Bytes tuple, std::span<TupleField> fields);

/// Cuts Postgres' COPY BINARY data, in pieces of any size, into tuples. Pure.
class CopyStream {
 public:
  /// `on_tuple` gets the fields and the bytes that they stand in, both valid only during
  /// the call.
  using OnTuple = std::function<void(std::span<const TupleField>, Bytes)>;

  CopyStream(size_t columns, OnTuple on_tuple);

  /// Throws kCorrupt when the bytes are no COPY BINARY data of so many columns.
  void Feed(Bytes data);
  /// True after the trailer.
  bool finished() const { return finished_; }

 private:
  size_t Take(Bytes data);
  size_t TakeHeader(Bytes data);
  size_t TakeTuple(Bytes data);

  std::vector<TupleField> fields_;
  OnTuple on_tuple_;
  std::string rest_;  ///< The beginning of something whose end has not come yet.
  bool header_seen_ = false;
  bool finished_ = false;
};

}  // namespace shoestring
