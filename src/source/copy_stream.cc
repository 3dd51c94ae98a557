#include "source/copy_stream.h"

#include "base/error.h"

namespace shoestring {

namespace {

constexpr uint8_t kSignature[] = {'P',  'G',  'C',  'O',  'P', 'Y',
                                  '\n', 0xFF, '\r', '\n', 0};
constexpr size_t kHeaderBytes = sizeof(kSignature) + 8;
constexpr int16_t kTrailer = -1;
// Bits 16 to 31 of the flags are critical: unknown ones forbid reading on.
constexpr uint32_t kCriticalFlags = 0xFFFF0000;

// Bytes of the fields, or 0 when some are still to come.
size_t ScanFields(Bytes data, std::span<TupleField> fields) {
  size_t at = 0;
  for (TupleField& field : fields) {
    if (data.size() - at < sizeof(int32_t)) return 0;
    field.size = LoadBigEndian<int32_t>(data.data() + at);
    at += sizeof(int32_t);
    if (field.size < -1) {
      throw Fail(ErrorKind::kCorrupt, "COPY data: a field has length {}", field.size);
    }
    field.data = data.data() + at;
    if (field.size < 0) continue;
    if (data.size() - at < static_cast<size_t>(field.size)) return 0;
    at += static_cast<size_t>(field.size);
  }
  return at;
}

void CheckWhole(size_t scanned, Bytes tuple, std::span<TupleField> fields) {
  const bool nothing = tuple.empty() && !fields.empty();
  if (!nothing && scanned == tuple.size()) return;
  throw Fail(ErrorKind::kCorrupt,
             "COPY data: a tuple of {} bytes does not hold {} fields", tuple.size(),
             fields.size());
}

}  // namespace

void SplitTuple(Bytes tuple, std::span<TupleField> fields) {
  CheckWhole(ScanFields(tuple, fields), tuple, fields);
}

CopyStream::CopyStream(size_t columns, OnTuple on_tuple)
    : fields_(columns), on_tuple_(std::move(on_tuple)) {}

void CopyStream::Feed(Bytes data) {
  if (rest_.empty()) {
    const size_t taken = Take(data);
    rest_.assign(AsText(data.subspan(taken)));
    return;
  }
  rest_.append(AsText(data));
  const size_t taken = Take(AsBytes(rest_));
  rest_.erase(0, taken);
}

size_t CopyStream::Take(Bytes data) {
  size_t taken = 0;
  while (taken < data.size()) {
    if (finished_) throw Fail(ErrorKind::kCorrupt, "COPY data: bytes after the trailer");
    const Bytes left = data.subspan(taken);
    const size_t used = header_seen_ ? TakeTuple(left) : TakeHeader(left);
    if (used == 0) break;
    taken += used;
  }
  return taken;
}

size_t CopyStream::TakeHeader(Bytes data) {
  if (data.size() < kHeaderBytes) return 0;
  if (std::memcmp(data.data(), kSignature, sizeof(kSignature)) != 0) {
    throw Fail(ErrorKind::kCorrupt, "COPY data: it does not begin with PGCOPY");
  }
  const auto flags = LoadBigEndian<uint32_t>(data.data() + sizeof(kSignature));
  const auto extension = LoadBigEndian<uint32_t>(data.data() + sizeof(kSignature) + 4);
  if ((flags & kCriticalFlags) != 0) {
    throw Fail(ErrorKind::kCorrupt, "COPY data: unknown flags {:#x}", flags);
  }
  if (data.size() - kHeaderBytes < extension) return 0;
  header_seen_ = true;
  return kHeaderBytes + extension;
}

size_t CopyStream::TakeTuple(Bytes data) {
  if (data.size() < sizeof(int16_t)) return 0;
  const auto count = LoadBigEndian<int16_t>(data.data());
  if (count == kTrailer) {
    finished_ = true;
    return sizeof(int16_t);
  }
  if (count != static_cast<int>(fields_.size())) {
    throw Fail(ErrorKind::kCorrupt, "COPY data: a tuple of {} fields where {} belong",
               count, fields_.size());
  }
  const Bytes body = data.subspan(sizeof(int16_t));
  const size_t size = ScanFields(body, fields_);
  if (size == 0 && !fields_.empty()) return 0;
  on_tuple_(fields_, body.first(size));
  return sizeof(int16_t) + size;
}

}  // namespace shoestring
