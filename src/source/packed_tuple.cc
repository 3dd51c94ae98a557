#include "source/packed_tuple.h"

#include <cstring>
#include <limits>

#include "base/error.h"

namespace shoestring {

namespace {

constexpr int kBits = 7;
constexpr uint32_t kMore = 1U << kBits;

uint8_t* PutNumber(uint32_t number, uint8_t* to) {
  for (; number >= kMore; number >>= kBits) *to++ = static_cast<uint8_t>(number | kMore);
  *to++ = static_cast<uint8_t>(number);
  return to;
}

// Most values are of 4 or 8 to 16 bytes: a call for each takes longer than to copy it.
void CopyValue(const uint8_t* from, size_t size, uint8_t* to) {
  constexpr size_t kWord = sizeof(uint64_t);
  if (size == sizeof(uint32_t)) {
    std::memcpy(to, from, sizeof(uint32_t));
  } else if (size >= kWord && size <= 2 * kWord) {
    std::memcpy(to, from, kWord);
    std::memcpy(to + size - kWord, from + size - kWord, kWord);
  } else {
    std::memcpy(to, from, size);
  }
}

/// Moves behind the number.
uint32_t TakeNumber(Bytes* bytes) {
  uint64_t number = 0;
  for (int shift = 0; shift < 5 * kBits && !bytes->empty(); shift += kBits) {
    const uint8_t byte = bytes->front();
    *bytes = bytes->subspan(1);
    number |= static_cast<uint64_t>(byte & (kMore - 1)) << shift;
    if (byte >= kMore) continue;
    if (number > std::numeric_limits<uint32_t>::max()) break;
    return static_cast<uint32_t>(number);
  }
  throw Fail(ErrorKind::kCorrupt, "A packed tuple ends within a number");
}

/// Moves behind the field.
Field TakeField(Bytes* bytes) {
  const uint32_t number = TakeNumber(bytes);
  if (number == 0) return {bytes->data(), -1};
  if (number % 2 == 0) {
    return {bytes->data(), kFirstNumber - static_cast<int32_t>(number / 2 - 1)};
  }
  const uint32_t size = number / 2;
  if (bytes->size() < size) {
    throw Fail(ErrorKind::kCorrupt, "A packed tuple ends within a value of {} bytes",
               size);
  }
  const Field field{bytes->data(), static_cast<int32_t>(size)};
  *bytes = bytes->subspan(size);
  return field;
}

}  // namespace

uint8_t* PackTuple(std::span<const Field> fields, uint8_t* to) {
  for (const Field& field : fields) {
    if (field.null()) {
      to = PutNumber(0, to);
    } else if (field.size < 0) {
      to = PutNumber(2 * static_cast<uint32_t>(kFirstNumber - field.size) + 2, to);
    } else {
      const auto size = static_cast<uint32_t>(field.size);
      to = PutNumber(2 * size + 1, to);
      CopyValue(field.data, size, to);
      to += size;
    }
  }
  return to;
}

void UnpackTuple(Bytes tuple, std::span<Field> fields) {
  for (Field& field : fields) field = TakeField(&tuple);
  if (tuple.empty()) return;
  throw Fail(ErrorKind::kCorrupt, "A packed tuple has {} bytes after its {} fields",
             tuple.size(), fields.size());
}

}  // namespace shoestring
