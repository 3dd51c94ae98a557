#include "source/value_cleaner.h"

#include <arrow/api.h>
#include <gtest/gtest.h>

#include <limits>
#include <optional>

#include "source/array_reader.h"
#include "source/row_decoder.h"

namespace shoestring {
namespace {

using Value = std::optional<std::string>;

template <typename T>
std::string BigEndian(T value) {
  std::string bytes;
  AppendBigEndian(&bytes, value);
  return bytes;
}

std::string Numeric(uint16_t sign, int16_t weight, const std::vector<int16_t>& groups) {
  std::string bytes = BigEndian(static_cast<int16_t>(groups.size())) + BigEndian(weight) +
                      BigEndian(sign) + BigEndian<int16_t>(0);
  for (const int16_t group : groups) bytes += BigEndian(group);
  return bytes;
}

std::string Tuple(const std::vector<Value>& values) {
  std::string bytes;
  for (const Value& value : values) {
    AppendBigEndian(&bytes, value ? static_cast<int32_t>(value->size()) : -1);
    bytes += value.value_or("");
  }
  return bytes;
}

std::string Array(int32_t lower_bound, const std::vector<Value>& elements) {
  return BigEndian(1) + BigEndian(0) + BigEndian(23) +
         BigEndian(static_cast<int32_t>(elements.size())) + BigEndian(lower_bound) +
         Tuple(elements);
}

constexpr uint16_t kNegative = 0x4000;
constexpr uint16_t kNan = 0xC000;
constexpr uint16_t kInfinity = 0xD000;
constexpr uint16_t kMinusInfinity = 0xF000;
constexpr int32_t kLateDay = std::numeric_limits<int32_t>::max();

// What is read of a value between two others once it was cleaned; how many were replaced.
std::pair<std::string, int64_t> Cleaned(ColumnMapping mapping, AnomalyPolicy policy,
                                        const std::string& value) {
  mapping.column = "c";
  mapping.policy = policy;
  const ColumnMapping key{"k", Wire::kInt32, Wire::kText, arrow::int32()};
  const std::vector<ColumnMapping> columns = {key, mapping, key};
  const std::string tuple = Tuple({BigEndian(1), value, BigEndian(2)});
  std::vector<TupleField> fields(columns.size());
  SplitTuple(AsBytes(tuple), fields);
  ValueCleaner cleaner(columns);
  const auto row = cleaner.Clean({fields, AsBytes(tuple)});
  EXPECT_EQ(AsText(row.fields[2].bytes()), BigEndian(2));
  RowDecoder decoder("t", columns, {0});
  decoder.Append(row.tuple);
  const auto read = decoder.Finish()->column(1)->GetScalar(0).ValueOrDie();
  return {read->ToString(), cleaner.replaced()[1]};
}

TEST(ValueCleanerTest, ReplacesWhatCannotBeHeld) {
  const auto list = [](std::shared_ptr<arrow::DataType> element) {
    return arrow::list(arrow::field("element", std::move(element)));
  };
  const ColumnMapping decimal{"", Wire::kNumeric, Wire::kText, arrow::decimal128(7, 3)};
  const ColumnMapping day{"", Wire::kDate, Wire::kText, arrow::date32()};
  const ColumnMapping text{"", Wire::kText, Wire::kText, arrow::utf8()};
  const ColumnMapping days{"", Wire::kArray, Wire::kDate, list(arrow::date32())};
  const struct {
    ColumnMapping mapping;
    AnomalyPolicy policy;
    std::string value;
    std::string read;
    int64_t replaced;
  } cases[] = {
      {decimal, AnomalyPolicy::kNull, Numeric(0, 0, {12}), "12.000", 0},
      {decimal, AnomalyPolicy::kNull, Numeric(kNan, 0, {}), "null", 1},
      {decimal, AnomalyPolicy::kClamp, Numeric(kInfinity, 0, {}), "9999.999", 1},
      {decimal, AnomalyPolicy::kClamp, Numeric(kMinusInfinity, 0, {}), "-9999.999", 1},
      {decimal, AnomalyPolicy::kClamp, Numeric(kNegative, 1, {1, 0}), "-9999.999", 1},
      {decimal, AnomalyPolicy::kClamp, Numeric(0, 0, {5, 1239}), "5.123", 1},
      {decimal, AnomalyPolicy::kClamp, Numeric(0, -1, {9}), "0.000", 1},
      {day, AnomalyPolicy::kClamp, BigEndian(kLateDay), "9999-12-31", 1},
      {day, AnomalyPolicy::kClamp, BigEndian(-kLateDay), "0001-01-01", 1},
      {day, AnomalyPolicy::kNull, BigEndian(kLateDay), "null", 1},
      {text, AnomalyPolicy::kNull, "a\xFF", "null", 1},
      {days, AnomalyPolicy::kNull, Array(1, {BigEndian(0), BigEndian(kLateDay), {}}),
       "list<element: date32[day]>[2000-01-01, null, null]", 1},
      {days, AnomalyPolicy::kClamp, Array(0, {BigEndian(kLateDay)}),
       "list<element: date32[day]>[9999-12-31]", 2},
      {days, AnomalyPolicy::kNull, Array(0, {BigEndian(0)}), "null", 1},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(Cleaned(c.mapping, c.policy, c.value), std::pair(c.read, c.replaced));
  }
}

TEST(ValueCleanerTest, LeavesToTheDecoderWhatNoPolicyMends) {
  const ColumnMapping decimal{"", Wire::kNumeric, Wire::kText, arrow::decimal128(7, 3)};
  const ColumnMapping text{"", Wire::kText, Wire::kText, arrow::utf8()};
  EXPECT_ANY_THROW(Cleaned(decimal, AnomalyPolicy::kClamp, Numeric(kNan, 0, {})));
  EXPECT_ANY_THROW(Cleaned(decimal, AnomalyPolicy::kError, Numeric(kInfinity, 0, {})));
  EXPECT_ANY_THROW(Cleaned(decimal, AnomalyPolicy::kNull, "junk"));
  EXPECT_ANY_THROW(Cleaned(text, AnomalyPolicy::kClamp, "\xFF"));
}

TEST(ArrayReaderTest, SeesTheEndThatIsMissing) {
  const std::string array = Array(1, {"a", {}, "bc"});
  for (size_t size = 0; size < array.size(); ++size) {
    ArrayReader reader(AsBytes(array).first(size));
    while (reader.Next()) {
    }
    EXPECT_FALSE(reader.valid()) << size;
  }
  const std::string one_more = array + "x";
  ArrayReader longer(AsBytes(one_more));
  while (longer.Next()) {
  }
  EXPECT_FALSE(longer.valid());
}

}  // namespace
}  // namespace shoestring
