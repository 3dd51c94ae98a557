#include "lake/column_encoding.h"

#include <arrow/api.h>
#include <arrow/compute/api.h>

#include <bit>

#include "base/error.h"

namespace shoestring {

namespace {

// As Parquet stores them.
constexpr int kMostIntegerDigits = 18;
constexpr int64_t kLengthBytes = 4;

const arrow::Array& DictionaryOf(const arrow::ChunkedArray& values) {
  return *static_cast<const arrow::DictionaryArray&>(*values.chunk(0)).dictionary();
}

int64_t CountDistinct(const arrow::ChunkedArray& values) {
  if (values.type()->id() == arrow::Type::DICTIONARY)
    return DictionaryOf(values).length();
  // Arrow's count_distinct would need its compute library, 19 MB that nothing else does.
  const auto unique =
      arrow::compute::Unique(std::make_shared<arrow::ChunkedArray>(values.chunks()));
  if (!unique.ok()) throw Fail(ErrorKind::kInternal, "{}", unique.status().ToString());
  return (*unique)->length() - (*unique)->null_count();
}

int64_t StoredBytes(const arrow::ChunkedArray& values) {
  if (values.type()->id() == arrow::Type::DICTIONARY) {
    const auto& texts = static_cast<const arrow::BinaryArray&>(DictionaryOf(values));
    const int64_t count = values.length() - values.null_count();
    return count * (texts.total_values_length() / texts.length() + kLengthBytes);
  }
  if (!arrow::is_base_binary_like(values.type()->id())) {
    return arrow::internal::checked_cast<const arrow::FixedWidthType&>(*values.type())
               .bit_width() /
           8 * (values.length() - values.null_count());
  }
  int64_t bytes = 0;
  for (const auto& chunk : values.chunks()) {
    const auto& texts = static_cast<const arrow::BinaryArray&>(*chunk);
    bytes += texts.total_values_length() + kLengthBytes * texts.length();
  }
  return bytes;
}

// Of columns that are Parquet's INT32 or INT64.
bool IsInteger(const LakeType& type) {
  using Kind = LakeType::Kind;
  switch (type.kind) {
    case Kind::kInt:
    case Kind::kLong:
    case Kind::kDate:
    case Kind::kTimestamp:
    case Kind::kTimestampTz: return true;
    case Kind::kDecimal: return type.precision <= kMostIntegerDigits;
    default: return false;
  }
}

}  // namespace

ColumnEncoding ChooseEncoding(const arrow::ChunkedArray& values, const LakeType& type) {
  using Kind = LakeType::Kind;
  if (type.kind == Kind::kBoolean) return ColumnEncoding::kPlain;
  const int64_t count = values.length() - values.null_count();
  if (count == 0) return ColumnEncoding::kDictionary;
  const int64_t distinct = CountDistinct(values);
  const int64_t plain = StoredBytes(values);
  const int64_t indices = count * std::bit_width(static_cast<uint64_t>(distinct)) / 8;
  if (plain * distinct / count + indices < plain) return ColumnEncoding::kDictionary;
  return IsInteger(type) ? ColumnEncoding::kDelta : ColumnEncoding::kPlain;
}

}  // namespace shoestring
