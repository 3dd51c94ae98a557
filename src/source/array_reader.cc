#include "source/array_reader.h"

namespace shoestring {

namespace {

constexpr size_t kHeaderBytes = 12;
constexpr size_t kDimensionBytes = 8;
constexpr int32_t kMaxDimensions = 6;

}  // namespace

ArrayReader::ArrayReader(Bytes array) : left_(array) {
  if (array.size() < kHeaderBytes) return;
  dimensions_ = LoadBigEndian<int32_t>(array.data());
  if (dimensions_ < 0 || dimensions_ > kMaxDimensions) return;
  const size_t head = kHeaderBytes + kDimensionBytes * static_cast<size_t>(dimensions_);
  if (array.size() < head) return;
  if (dimensions_ > 0) {
    size_ = LoadBigEndian<int32_t>(array.data() + kHeaderBytes);
    lower_bound_ = LoadBigEndian<int32_t>(array.data() + kHeaderBytes + 4);
  }
  left_ = array.subspan(head);
  valid_ = size_ >= 0;
}

std::optional<TupleField> ArrayReader::Next() {
  if (!valid_) return std::nullopt;
  if (taken_ == size_) {
    valid_ = left_.empty();
    return std::nullopt;
  }
  valid_ = false;
  if (left_.size() < sizeof(int32_t)) return std::nullopt;
  TupleField element{left_.data() + sizeof(int32_t),
                     LoadBigEndian<int32_t>(left_.data())};
  left_ = left_.subspan(sizeof(int32_t));
  if (element.size < -1) return std::nullopt;
  const size_t size = element.bytes().size();
  if (left_.size() < size) return std::nullopt;
  left_ = left_.subspan(size);
  valid_ = true;
  ++taken_;
  return element;
}

std::string FormatArrayHeader(int32_t size) {
  std::string header;
  constexpr int32_t kOneDimension = 1;
  constexpr int32_t kMayHaveNulls = 1;
  constexpr int32_t kNoType = 0;
  constexpr int32_t kLowerBound = 1;
  for (const int32_t word : {kOneDimension, kMayHaveNulls, kNoType, size, kLowerBound}) {
    AppendBigEndian(&header, word);
  }
  return header;
}

}  // namespace shoestring
