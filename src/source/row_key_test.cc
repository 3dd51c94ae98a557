#include "source/row_key.h"

#include <arrow/type.h>
#include <gtest/gtest.h>

#include <limits>

namespace shoestring {
namespace {

template <typename T>
std::string BigEndian(T value) {
  std::string bytes;
  if constexpr (std::is_floating_point_v<T>) {
    using Bits = std::conditional_t<sizeof(T) == 4, uint32_t, uint64_t>;
    AppendBigEndian(&bytes, std::bit_cast<Bits>(value));
  } else {
    AppendBigEndian(&bytes, value);
  }
  return bytes;
}

ColumnMapping Mapping(Wire wire, std::shared_ptr<arrow::DataType> type = arrow::utf8()) {
  return {"c", wire, Wire::kText, std::move(type), ""};
}

std::string KeyOf(const RowKey& row_key, const std::optional<std::string>& value) {
  TupleField field;
  if (value) {
    field.data = reinterpret_cast<const uint8_t*>(value->data());
    field.size = static_cast<int32_t>(value->size());
  }
  std::string key;
  row_key.Append({&field, 1}, &key);
  return key;
}

std::string Numeric(uint16_t sign, int16_t weight, int16_t group) {
  std::string bytes;
  AppendBigEndian(&bytes, int16_t{1});
  AppendBigEndian(&bytes, weight);
  AppendBigEndian(&bytes, sign);
  AppendBigEndian(&bytes, int16_t{0});
  AppendBigEndian(&bytes, group);
  return bytes;
}

TEST(RowKeyTest, OrdersValuesAsPostgresDoesWithNullsLast) {
  using Limits64 = std::numeric_limits<int64_t>;
  const double infinity = std::numeric_limits<double>::infinity();
  const struct {
    ColumnMapping mapping;
    std::vector<std::string> ascending;
  } cases[] = {
      {Mapping(Wire::kBoolean), {std::string(1, '\0'), "\1"}},
      {Mapping(Wire::kInt16), {BigEndian<int16_t>(-2), BigEndian<int16_t>(1)}},
      {Mapping(Wire::kInt64),
       {BigEndian(Limits64::min()), BigEndian<int64_t>(-1), BigEndian<int64_t>(0),
        BigEndian(Limits64::max())}},
      {Mapping(Wire::kFloat64),
       {BigEndian(-infinity), BigEndian(-1.5), BigEndian(0.0), BigEndian(1e-300),
        BigEndian(infinity), BigEndian(std::numeric_limits<double>::quiet_NaN())}},
      {Mapping(Wire::kFloat32), {BigEndian(-2.f), BigEndian(-1.f), BigEndian(3.f)}},
      {Mapping(Wire::kNumeric, arrow::decimal128(10, 2)),
       {Numeric(0x4000, 0, 5), Numeric(0x4000, -1, 100), Numeric(0, -1, 100),
        Numeric(0, 0, 5), Numeric(0, 1, 1), Numeric(0xC000, 0, 0)}},
      {Mapping(Wire::kText), {"", "a", "a b", "ab", "b", "\xC3\xA4"}},
      {Mapping(Wire::kBytes),
       {"", std::string("\0", 1), std::string("\0\0", 2), std::string("\0a", 2), "a"}},
  };
  for (const auto& c : cases) {
    const RowKey row_key({}, 0, {{0, c.mapping}});
    std::string before;
    for (const auto& value : c.ascending) {
      const std::string key = KeyOf(row_key, value);
      EXPECT_LT(before, key) << static_cast<int>(c.mapping.wire);
      before = key;
    }
    EXPECT_LT(before, KeyOf(row_key, std::nullopt));
  }
}

TEST(RowKeyTest, NamesThePartition) {
  const RowKey::Part date{0, Mapping(Wire::kDate, arrow::date32())};
  const struct {
    int depth;
    std::optional<std::string> raw;
    std::vector<int32_t> partition;
  } cases[] = {
      {0, BigEndian<int32_t>(0), {}},
      {1, BigEndian<int32_t>(0), {2000}},
      {2, BigEndian<int32_t>(-1), {1999, 12}},
      {3, BigEndian<int32_t>(59), {2000, 2, 29}},
      {2, std::nullopt, {0, 0}},
      {2, BigEndian(std::numeric_limits<int32_t>::max()), {0, 0}},
  };
  for (const auto& c : cases) {
    const RowKey row_key({date}, c.depth, {});
    const std::string key = KeyOf(row_key, c.raw);
    EXPECT_EQ(key.size(), row_key.partition_bytes());
    EXPECT_EQ(row_key.PartitionOf(key), c.partition);
  }
}

}  // namespace
}  // namespace shoestring
