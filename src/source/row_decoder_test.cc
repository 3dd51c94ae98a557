#include "source/row_decoder.h"

#include <arrow/api.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <random>

#include "base/error.h"

namespace shoestring {
namespace {

using testing::HasSubstr;

template <typename T>
std::string BigEndian(T value) {
  std::string bytes;
  AppendBigEndian(&bytes, value);
  return bytes;
}

std::string Tuple(const std::vector<std::optional<std::string>>& fields) {
  std::string bytes;
  for (const auto& field : fields) {
    AppendBigEndian(&bytes, field ? static_cast<int32_t>(field->size()) : -1);
    if (field) bytes += *field;
  }
  return bytes;
}

std::string Array(int32_t dimensions, int32_t lower_bound,
                  const std::vector<std::optional<std::string>>& elements) {
  std::string bytes = BigEndian(dimensions) + BigEndian(0) + BigEndian(23);
  for (int i = 0; i < dimensions; ++i) {
    bytes += BigEndian(static_cast<int32_t>(elements.size())) + BigEndian(lower_bound);
  }
  return bytes + Tuple(elements);
}

ColumnMapping Mapping(Wire wire, std::shared_ptr<arrow::DataType> type,
                      Wire element = Wire::kText) {
  return {"c", wire, element, std::move(type), ""};
}

const ColumnMapping kKey{"id", Wire::kInt32, Wire::kText, arrow::int32(), ""};

// The one value of a one-column batch, as Arrow prints it.
std::string Decode(const ColumnMapping& mapping, const std::string& value) {
  RowDecoder decoder("t", {mapping, kKey}, {1});
  decoder.Append(AsBytes(Tuple({value, BigEndian(42)})));
  const auto batch = decoder.Finish();
  EXPECT_TRUE(batch->ValidateFull().ok());
  return batch->column(0)->GetScalar(0).ValueOrDie()->ToString();
}

TEST(RowDecoderTest, DecodesEachWireForm) {
  const auto list = arrow::list(arrow::field("element", arrow::int32()));
  const struct {
    ColumnMapping mapping;
    std::string bytes;
    std::string shown;
  } cases[] = {
      {Mapping(Wire::kBoolean, arrow::boolean()), "\1", "true"},
      {Mapping(Wire::kInt16, arrow::int32()), BigEndian<int16_t>(-5), "-5"},
      {Mapping(Wire::kInt32, arrow::int32()), BigEndian(7), "7"},
      {Mapping(Wire::kInt64, arrow::int64()),
       BigEndian(std::numeric_limits<int64_t>::min()), "-9223372036854775808"},
      {Mapping(Wire::kOid, arrow::int64()), BigEndian<uint32_t>(4294967295),
       "4294967295"},
      {Mapping(Wire::kDate, arrow::date32()), BigEndian(0), "2000-01-01"},
      {Mapping(Wire::kText, arrow::utf8()), "text", "text"},
      {Mapping(Wire::kUuid, arrow::utf8()),
       std::string("\x00\x11\x22\x33\x44\x55\x66\x77\x88\x99\xaa\xbb\xcc\xdd\xee\xff",
                   16),
       "00112233-4455-6677-8899-aabbccddeeff"},
      {Mapping(Wire::kArray, list, Wire::kInt32),
       Array(1, 1, {BigEndian(1), std::nullopt, BigEndian(3)}),
       "list<element: int32>[1, null, 3]"},
      {Mapping(Wire::kArray, list, Wire::kInt32), Array(0, 1, {}),
       "list<element: int32>[]"},
  };
  for (const auto& c : cases) EXPECT_EQ(Decode(c.mapping, c.bytes), c.shown);
}

TEST(RowDecoderTest, NamesTableColumnKeyAndWayOut) {
  const auto list = arrow::list(arrow::field("element", arrow::int32()));
  const struct {
    ColumnMapping mapping;
    std::string bytes;
    ErrorKind kind;
    std::string says;
  } cases[] = {
      {Mapping(Wire::kDate, arrow::date32()),
       BigEndian(std::numeric_limits<int32_t>::max()), ErrorKind::kData, "infinite"},
      {Mapping(Wire::kNumeric, arrow::decimal128(5, 2)),
       BigEndian<int16_t>(0) + BigEndian<int16_t>(0) + BigEndian<uint16_t>(0xC000) +
           BigEndian<int16_t>(0),
       ErrorKind::kData, "NaN"},
      {Mapping(Wire::kText, arrow::utf8()), "\xFF", ErrorKind::kData, "UTF-8"},
      {Mapping(Wire::kArray, list, Wire::kInt32), Array(2, 1, {BigEndian(1)}),
       ErrorKind::kData, "several dimensions"},
      {Mapping(Wire::kArray, list, Wire::kInt32), Array(1, 0, {BigEndian(1)}),
       ErrorKind::kData, "begin at index 1"},
      {Mapping(Wire::kInt32, arrow::int32()), "abc", ErrorKind::kCorrupt, "int32"},
      {Mapping(Wire::kUuid, arrow::utf8()), "short", ErrorKind::kCorrupt, "string"},
      {Mapping(Wire::kArray, list, Wire::kInt32), "junk", ErrorKind::kCorrupt, "list"},
  };
  for (const auto& c : cases) {
    try {
      Decode(c.mapping, c.bytes);
      ADD_FAILURE() << c.says;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), c.kind) << error.what();
      EXPECT_THAT(error.what(), HasSubstr("t.c, row with id = 42"));
      EXPECT_THAT(error.what(), HasSubstr(c.says));
    }
  }
}

TEST(RowDecoderTest, BeginsAnewAfterFinish) {
  RowDecoder decoder("t", {kKey}, {0});
  for (int round = 0; round < 3; ++round) {
    decoder.Append(AsBytes(Tuple({BigEndian(round)})));
    decoder.Append(AsBytes(Tuple({std::nullopt})));
    const auto batch = decoder.Finish();
    ASSERT_EQ(batch->num_rows(), 2);
    EXPECT_EQ(batch->column(0)->null_count(), 1);
    EXPECT_EQ(decoder.rows(), 0);
  }
}

TEST(RowDecoderTest, SurvivesRandomArrays) {
  std::mt19937 random(2);
  const auto list = arrow::list(arrow::field("element", arrow::int32()));
  const std::string good = Array(1, 1, {BigEndian(1), std::nullopt, BigEndian(3)});
  for (int i = 0; i < 20000; ++i) {
    std::string damaged = good;
    damaged[random() % damaged.size()] = static_cast<char>(random());
    try {
      Decode(Mapping(Wire::kArray, list, Wire::kInt32), damaged);
    } catch (const Error& error) {
      EXPECT_NE(error.kind(), ErrorKind::kInternal);
    }
  }
}

}  // namespace
}  // namespace shoestring
