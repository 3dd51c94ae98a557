#include "lake/column_encoding.h"

#include <arrow/api.h>
#include <gtest/gtest.h>

#include <numeric>

namespace shoestring {
namespace {

using Kind = LakeType::Kind;

arrow::ChunkedArray Longs(const std::vector<int64_t>& values) {
  arrow::Int64Builder builder;
  EXPECT_TRUE(builder.AppendValues(values).ok());
  return arrow::ChunkedArray(builder.Finish().ValueOrDie());
}

arrow::ChunkedArray Texts(const std::vector<std::string>& values) {
  arrow::StringBuilder builder;
  EXPECT_TRUE(builder.AppendValues(values).ok());
  return arrow::ChunkedArray(builder.Finish().ValueOrDie());
}

arrow::ChunkedArray Doubles(const std::vector<double>& values) {
  arrow::DoubleBuilder builder;
  EXPECT_TRUE(builder.AppendValues(values).ok());
  return arrow::ChunkedArray(builder.Finish().ValueOrDie());
}

TEST(ColumnEncodingTest, TakesADictionaryForValuesThatRepeat) {
  std::vector<int64_t> longs;
  std::vector<std::string> texts;
  for (int i = 0; i < 1000; ++i) {
    longs.push_back(i % 100);
    texts.push_back("company " + std::to_string(i % 100));
  }
  EXPECT_EQ(ChooseEncoding(Longs(longs), {Kind::kLong}), ColumnEncoding::kDictionary);
  EXPECT_EQ(ChooseEncoding(Texts(texts), {Kind::kString}), ColumnEncoding::kDictionary);
}

TEST(ColumnEncodingTest, TakesNoneForValuesThatDoNot) {
  std::vector<int64_t> longs(1000);
  std::iota(longs.begin(), longs.end(), 0);
  const std::vector<double> doubles(longs.begin(), longs.end());
  std::vector<std::string> texts;
  for (const int64_t i : longs) texts.push_back(std::to_string(i));
  EXPECT_EQ(ChooseEncoding(Longs(longs), {Kind::kLong}), ColumnEncoding::kDelta);
  EXPECT_EQ(ChooseEncoding(Longs(longs), {Kind::kTimestamp}), ColumnEncoding::kDelta);
  EXPECT_EQ(ChooseEncoding(Doubles(doubles), {Kind::kDouble}), ColumnEncoding::kPlain);
  EXPECT_EQ(ChooseEncoding(Texts(texts), {Kind::kString}), ColumnEncoding::kPlain);
}

TEST(ColumnEncodingTest, TakesDeltasOnlyForWhatParquetStoresAsIntegers) {
  arrow::Decimal128Builder builder(arrow::decimal128(20, 4));
  for (int i = 0; i < 1000; ++i) ASSERT_TRUE(builder.Append(arrow::Decimal128(i)).ok());
  const arrow::ChunkedArray values(builder.Finish().ValueOrDie());
  EXPECT_EQ(ChooseEncoding(values, {Kind::kDecimal, 18, 4, {}}), ColumnEncoding::kDelta);
  EXPECT_EQ(ChooseEncoding(values, {Kind::kDecimal, 20, 4, {}}), ColumnEncoding::kPlain);
}

TEST(ColumnEncodingTest, TakesNoValuesAsTheyCome) {
  const auto nulls = arrow::MakeArrayOfNull(arrow::int64(), 10).ValueOrDie();
  EXPECT_EQ(ChooseEncoding(arrow::ChunkedArray(nulls), {Kind::kLong}),
            ColumnEncoding::kDictionary);
  EXPECT_EQ(ChooseEncoding(arrow::ChunkedArray({}, arrow::utf8()), {Kind::kString}),
            ColumnEncoding::kDictionary);
}

}  // namespace
}  // namespace shoestring
