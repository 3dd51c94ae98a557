#include "source/row_key.h"

#include <arrow/type.h>

#include <algorithm>
#include <cmath>

#include "source/numeric.h"
#include "source/postgres_time.h"

namespace shoestring {

namespace {

constexpr char kPresent = 0;
constexpr char kNull = 1;  // After all values.

// Any bytes, so that a prefix sorts first and the end cannot be mistaken.
void AppendEscaped(Bytes bytes, std::string* key) {
  for (const uint8_t byte : bytes) {
    key->push_back(static_cast<char>(byte));
    if (byte == 0) key->push_back('\xFF');
  }
  key->append(2, '\0');
}

// Fixed-width signed integers: with the sign bit flipped they compare as bytes.
void AppendSigned(Bytes bytes, std::string* key) {
  const size_t at = key->size();
  key->append(AsText(bytes));
  if (!bytes.empty()) (*key)[at] = static_cast<char>((*key)[at] ^ 0x80);
}

// IEEE floats: flip all bits of negative ones; NaN after everything, as in Postgres.
template <typename Bits, typename Float>
void AppendFloat(Bytes bytes, std::string* key) {
  Bits bits = LoadBigEndian<Bits>(bytes.data());
  const Float value = std::bit_cast<Float>(bits);
  constexpr Bits kSign = Bits{1} << (8 * sizeof(Bits) - 1);
  if (std::isnan(value)) {
    bits = static_cast<Bits>(-1);
  } else {
    if (value == 0) bits = 0;
    bits = (bits & kSign) != 0 ? ~bits : bits | kSign;
  }
  AppendBigEndian(key, bits);
}

void AppendNumeric(const ColumnMapping& mapping, Bytes bytes, std::string* key) {
  const auto& decimal = static_cast<const arrow::Decimal128Type&>(*mapping.type);
  Int128 value = 0;
  if (DecodeNumeric(bytes, decimal.precision(), decimal.scale(), &value) !=
      NumericOutcome::kOk) {
    key->append(sizeof(Int128), '\xFF');
    return;
  }
  const auto flipped =
      static_cast<unsigned __int128>(value) ^ (static_cast<unsigned __int128>(1) << 127);
  AppendBigEndian(key, static_cast<uint64_t>(flipped >> 64));
  AppendBigEndian(key, static_cast<uint64_t>(flipped));
}

void AppendValue(const ColumnMapping& mapping, const TupleField& field,
                 std::string* key) {
  if (field.null()) {
    key->push_back(kNull);
    return;
  }
  key->push_back(kPresent);
  const Bytes bytes = field.bytes();
  switch (mapping.wire) {
    case Wire::kBoolean:
    case Wire::kOid:
    case Wire::kUuid: key->append(AsText(bytes)); return;
    case Wire::kInt16:
    case Wire::kInt32:
    case Wire::kInt64:
    case Wire::kDate:
    case Wire::kTimestamp: AppendSigned(bytes, key); return;
    case Wire::kFloat32:
      if (bytes.size() == 4) AppendFloat<uint32_t, float>(bytes, key);
      return;
    case Wire::kFloat64:
      if (bytes.size() == 8) AppendFloat<uint64_t, double>(bytes, key);
      return;
    case Wire::kNumeric: AppendNumeric(mapping, bytes, key); return;
    case Wire::kText:
    case Wire::kBytes:
    case Wire::kArray: AppendEscaped(bytes, key); return;
  }
}

CivilDate DateOf(const ColumnMapping& mapping, const TupleField& field) {
  if (field.null()) return {};
  if (mapping.wire == Wire::kDate) {
    int32_t days = 0;
    if (DecodeDate(field.bytes(), &days) != TimeOutcome::kOk) return {};
    return CivilFromDays(days);
  }
  int64_t micros = 0;
  if (DecodeTimestamp(field.bytes(), &micros) != TimeOutcome::kOk) return {};
  return CivilFromDays(DaysFromMicros(micros));
}

}  // namespace

RowKey::RowKey(std::vector<Part> partition, int depth, std::vector<Part> sort)
    : partition_(std::move(partition)), depth_(depth), sort_(std::move(sort)) {}

void RowKey::Append(std::span<const TupleField> fields, std::string* key) const {
  if (depth_ > 0) {
    const Part& part = partition_[0];
    const CivilDate date = DateOf(part.mapping, fields[part.column]);
    AppendBigEndian(key, static_cast<int16_t>(date.year));
    if (depth_ > 1) AppendBigEndian(key, static_cast<int16_t>(date.month));
    if (depth_ > 2) AppendBigEndian(key, static_cast<int16_t>(date.day));
  }
  for (const Part& part : sort_) AppendValue(part.mapping, fields[part.column], key);
}

std::vector<int32_t> RowKey::PartitionOf(std::string_view key) const {
  std::vector<int32_t> values;
  for (int i = 0; i < depth_; ++i) {
    values.push_back(LoadBigEndian<int16_t>(AsBytes(key).data() + 2 * i));
  }
  return values;
}

}  // namespace shoestring
