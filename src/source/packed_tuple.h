#pragma once

#include <cstdint>
#include <span>

#include "source/copy_stream.h"

namespace shoestring {

// A packed tuple is a row while it waits to be sorted, some third shorter than Postgres
// sends it. Before each field stands a number of seven bits a byte, the least significant
// first: 0 for null, 2 × length + 1 before a value, 2 × number + 2 for a text that is
// known by its number (repeated_texts.h) and needs no more. Written and read by this
// program alone.

/// The size of a field that stands for the text with number 0; that for number 1 is one
/// less, and so on.
constexpr int32_t kFirstNumber = -2;

/// What PackTuple() needs at most; its fields have `bytes` in all.
constexpr size_t MostPackedBytes(size_t fields, size_t bytes) {
  constexpr size_t kMostNumberBytes = 5;
  return fields * kMostNumberBytes + bytes;
}

/// Writes a packed tuple, and returns where it ends.
uint8_t* PackTuple(std::span<const TupleField> fields, uint8_t* to);

/// Reads the fields of a whole packed tuple. Throws kCorrupt unless there are just as
/// many as `fields` takes.
void UnpackTuple(Bytes tuple, std::span<TupleField> fields);

}  // namespace shoestring
