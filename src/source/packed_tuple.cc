#include "source/packed_tuple.h"

#include <cstring>
#include <limits>
#include <utility>

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

/// What is left of a tuple.
struct Rest {
  const uint8_t* at;
  const uint8_t* end;

  uint32_t TakeNumber() {
    if (at < end && *at < kMore) return *at++;
    uint64_t number = 0;
    for (int shift = 0; shift < 5 * kBits && at < end; shift += kBits) {
      number |= static_cast<uint64_t>(*at & (kMore - 1)) << shift;
      if (*at++ >= kMore) continue;
      if (number > std::numeric_limits<uint32_t>::max()) break;
      return static_cast<uint32_t>(number);
    }
    throw Fail(ErrorKind::kCorrupt, "A packed tuple has no number where one belongs");
  }

  TupleField TakeField() {
    const uint32_t number = TakeNumber();
    if (number == 0) return {at, -1};
    if (number % 2 == 0) {
      return {at, kFirstNumber - static_cast<int32_t>(number / 2 - 1)};
    }
    const uint32_t size = number / 2;
    if (size > static_cast<size_t>(end - at)) {
      throw Fail(ErrorKind::kCorrupt, "A packed tuple ends within a value of {} bytes",
                 size);
    }
    return {std::exchange(at, at + size), static_cast<int32_t>(size)};
  }
};

}  // namespace

uint8_t* PackTuple(std::span<const TupleField> fields, uint8_t* to) {
  for (const TupleField& field : fields) {
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

void UnpackTuple(Bytes tuple, std::span<TupleField> fields) {
  Rest rest{tuple.data(), tuple.data() + tuple.size()};
  for (TupleField& field : fields) field = rest.TakeField();
  if (rest.at == rest.end) return;
  throw Fail(ErrorKind::kCorrupt, "A packed tuple has {} bytes after its {} fields",
             rest.end - rest.at, fields.size());
}

}  // namespace shoestring
