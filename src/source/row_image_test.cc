#include "source/row_image.h"

#include <arrow/api.h>
#include <gtest/gtest.h>

#include <random>

#include "base/error.h"
#include "source/arrow_row_image.h"
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

std::string Tuple(const std::vector<Value>& fields) {
  std::string bytes;
  for (const auto& field : fields) {
    AppendBigEndian(&bytes, field ? static_cast<int32_t>(field->size()) : -1);
    if (field) bytes += *field;
  }
  return bytes;
}

std::string Numeric(int16_t weight, uint16_t sign, int16_t scale,
                    const std::vector<int16_t>& groups) {
  std::string bytes = BigEndian(static_cast<int16_t>(groups.size())) + BigEndian(weight) +
                      BigEndian(sign) + BigEndian(scale);
  for (const int16_t group : groups) bytes += BigEndian(group);
  return bytes;
}

std::string Array(uint32_t element_oid, const std::vector<Value>& elements) {
  const auto count = static_cast<int32_t>(elements.size());
  if (count == 0) return BigEndian(0) + BigEndian(0) + BigEndian(element_oid);
  return BigEndian(1) + BigEndian(1) + BigEndian(element_oid) + BigEndian(count) +
         BigEndian(1) + Tuple(elements);
}

ColumnMapping Column(Wire wire, std::shared_ptr<arrow::DataType> type) {
  ColumnMapping mapping;
  mapping.column = "c";
  mapping.wire = wire;
  mapping.type = std::move(type);
  return mapping;
}

ColumnMapping ListColumn(const ColumnMapping& of) {
  ColumnMapping mapping =
      Column(Wire::kArray, arrow::list(arrow::field("element", of.type)));
  mapping.element = of.wire;
  return mapping;
}

std::string CopyImage(const std::vector<ColumnMapping>& columns,
                      const std::string& tuple) {
  std::vector<TupleField> fields(columns.size());
  SplitTuple(AsBytes(tuple), fields);
  return std::string(AsText(RowImage(columns).Of(fields, AsBytes(tuple))));
}

std::vector<std::string> LakeImages(const std::vector<ColumnMapping>& columns,
                                    const arrow::RecordBatch& batch) {
  std::vector<ImageForm> forms;
  for (const auto& column : columns) forms.push_back(ImageFormOf(column));
  return ArrowRowImage(forms, *batch.schema(), "test").Images(batch);
}

const ColumnMapping kNumeric = Column(Wire::kNumeric, arrow::decimal128(38, 6));
const ColumnMapping kText = Column(Wire::kText, arrow::utf8());

TEST(RowImageTest, FixedVectors) {
  const struct {
    ColumnMapping column;
    Value value;
    std::string image;
  } cases[] = {
      {Column(Wire::kInt32, arrow::int32()), std::nullopt, BigEndian(-1)},
      {Column(Wire::kInt16, arrow::int32()), BigEndian<int16_t>(-2),
       BigEndian(2) + BigEndian<int16_t>(-2)},
      {Column(Wire::kOid, arrow::int64()), BigEndian(4294967295U),
       BigEndian(4) + BigEndian(4294967295U)},
      {Column(Wire::kDate, arrow::date32()), BigEndian(0), BigEndian(4) + BigEndian(0)},
      {kText, "", BigEndian(0)},
      {kText, "h\xC3\xA9", BigEndian(3) + "h\xC3\xA9"},
      // 1.50 is 1.5, and 10000 keeps no group of zeros.
      {kNumeric, Numeric(0, 0, 2, {1, 5000}),
       BigEndian(12) + Numeric(0, 0, 0, {1, 5000})},
      {kNumeric, Numeric(1, 0x4000, 6, {1, 0, 0}),
       BigEndian(10) + Numeric(1, 0x4000, 0, {1})},
      {kNumeric, Numeric(1, 0, 2, {0, 0, 100}), BigEndian(10) + Numeric(-1, 0, 0, {100})},
      {kNumeric, Numeric(0, 0, 2, {}), BigEndian(8) + Numeric(0, 0, 0, {})},
      {kNumeric, Numeric(3, 0x4000, 2, {0}), BigEndian(8) + Numeric(0, 0, 0, {})},
      {ListColumn(kText), Array(25, {}), BigEndian(4) + BigEndian(0)},
      {ListColumn(kText), Array(25, {"a", std::nullopt}),
       BigEndian(13) + BigEndian(2) + Tuple({"a", std::nullopt})},
      {ListColumn(kNumeric), Array(1700, {Numeric(0, 0, 1, {1, 5000})}),
       BigEndian(20) + BigEndian(1) + Tuple({Numeric(0, 0, 0, {1, 5000})})},
  };
  for (const auto& c : cases) {
    const std::string tuple = Tuple({c.value});
    EXPECT_EQ(CopyImage({c.column}, tuple), c.image);
    RowDecoder decoder("t", {c.column}, {});
    decoder.Append(AsBytes(tuple));
    EXPECT_EQ(LakeImages({c.column}, *decoder.Finish())[0], c.image);
  }
}

/// Random values as Postgres sends them, small ones and extremes among them.
class Generator {
 public:
  explicit Generator(uint32_t seed) : random_(seed) {}

  Value Any(const ColumnMapping& column) {
    if (random_() % 8 == 0) return std::nullopt;
    if (column.wire != Wire::kArray) return Scalar(column.wire);
    std::vector<Value> elements(random_() % 4);
    for (auto& element : elements) {
      if (random_() % 4 > 0) element = Scalar(column.element);
    }
    return Array(static_cast<uint32_t>(random_()), elements);
  }

 private:
  std::string Scalar(Wire wire) {
    switch (wire) {
      case Wire::kBoolean: return std::string(1, static_cast<char>(random_() % 2));
      case Wire::kInt16: return BigEndian(static_cast<int16_t>(random_()));
      case Wire::kInt32:
      case Wire::kOid:
      case Wire::kFloat32: return BigEndian(static_cast<int32_t>(random_()));
      case Wire::kInt64:
      case Wire::kFloat64: return BigEndian(static_cast<int64_t>(Wide()));
      case Wire::kDate:
        return BigEndian(static_cast<int32_t>(random_() % 3'000'000) - 700'000);
      case Wire::kTimestamp:
        return BigEndian(static_cast<int64_t>(Wide() % 250'000'000'000'000'000) -
                         60'000'000'000'000'000);
      case Wire::kNumeric: return RandomNumeric();
      case Wire::kUuid:
        return BigEndian(static_cast<int64_t>(Wide())) +
               BigEndian(static_cast<int64_t>(Wide()));
      default:
        return std::string(random_() % 20, static_cast<char>('a' + random_() % 26));
    }
  }

  // Up to 32 digits before and 6 after the point, with zeros where Postgres has none.
  std::string RandomNumeric() {
    const int before = static_cast<int>(random_() % 9);
    const int after = static_cast<int>(random_() % 3);
    std::vector<int16_t> groups;
    for (int i = 0; i < before + after; ++i) {
      groups.push_back(static_cast<int16_t>(random_() % 3 == 0 ? 0 : random_() % 10'000));
    }
    if (after == 2) groups.back() = static_cast<int16_t>(groups.back() / 100 * 100);
    const uint16_t sign = random_() % 2 == 0 ? 0 : 0x4000;
    return Numeric(static_cast<int16_t>(before - 1), sign,
                   static_cast<int16_t>(random_() % 7), groups);
  }

  uint64_t Wide() { return uint64_t{random_()} << 32 | random_(); }

  std::mt19937 random_;
};

std::vector<ColumnMapping> AllColumns() {
  std::vector<ColumnMapping> columns = {
      Column(Wire::kBoolean, arrow::boolean()),
      Column(Wire::kInt16, arrow::int32()),
      Column(Wire::kInt32, arrow::int32()),
      Column(Wire::kInt64, arrow::int64()),
      Column(Wire::kOid, arrow::int64()),
      Column(Wire::kFloat32, arrow::float32()),
      Column(Wire::kFloat64, arrow::float64()),
      kNumeric,
      Column(Wire::kDate, arrow::date32()),
      Column(Wire::kTimestamp, arrow::timestamp(arrow::TimeUnit::MICRO, "UTC")),
      kText,
      Column(Wire::kUuid, arrow::utf8()),
      Column(Wire::kBytes, arrow::binary()),
  };
  for (size_t i = 0, scalars = columns.size(); i < scalars; ++i) {
    columns.push_back(ListColumn(columns[i]));
  }
  return columns;
}

TEST(RowImageTest, WhatCopySendsAndWhatTheLakeHoldsHaveOneImage) {
  const std::vector<ColumnMapping> columns = AllColumns();
  Generator generator(1);
  RowDecoder decoder("t", columns, {});
  std::vector<std::string> expected;
  RowSum expected_sum;
  for (int row = 0; row < 5000; ++row) {
    std::vector<Value> values;
    for (const auto& column : columns) values.push_back(generator.Any(column));
    const std::string tuple = Tuple(values);
    decoder.Append(AsBytes(tuple));
    expected.push_back(CopyImage(columns, tuple));
    expected_sum.AddRow(AsBytes(expected.back()));
  }
  const auto batch = decoder.Finish();
  EXPECT_EQ(LakeImages(columns, *batch), expected);

  std::vector<ImageForm> forms;
  for (const auto& column : columns) forms.push_back(ImageFormOf(column));
  RowSum sum;
  ArrowRowImage(forms, *batch->schema(), "test").AddTo(&sum, *batch->Slice(0, 1500));
  ArrowRowImage(forms, *batch->schema(), "test").AddTo(&sum, *batch->Slice(1500));
  EXPECT_EQ(sum, expected_sum);
}

// All decimals of 38 digits and of every scale, against the value they are made of.
TEST(RowImageTest, DecimalsOfEveryScale) {
  std::mt19937_64 random(2);
  for (int scale = 0; scale <= 38; ++scale) {
    const auto type = arrow::decimal128(38, scale);
    for (int i = 0; i < 200; ++i) {
      std::string digits;
      for (int d = 0; d < 38; ++d) digits += static_cast<char>('0' + random() % 10);
      if (i % 3 == 0) std::fill_n(digits.begin(), random() % 39, '0');
      if (i % 5 == 0) std::fill_n(digits.rbegin(), random() % 39, '0');
      // Groups of four digits around the point.
      std::string integer = digits.substr(0, 38 - static_cast<size_t>(scale));
      std::string fraction = digits.substr(38 - static_cast<size_t>(scale));
      integer.insert(0, (4 - integer.size() % 4) % 4, '0');
      fraction.append((4 - fraction.size() % 4) % 4, '0');
      std::vector<int16_t> groups;
      const std::string all = integer + fraction;
      for (size_t at = 0; at < all.size(); at += 4) {
        groups.push_back(static_cast<int16_t>(std::stoi(all.substr(at, 4))));
      }
      const std::string copied =
          Tuple({Numeric(static_cast<int16_t>(integer.size() / 4 - 1), 0,
                         static_cast<int16_t>(scale), groups)});
      arrow::Decimal128Builder builder(type);
      ASSERT_TRUE(builder.Append(arrow::Decimal128(digits)).ok());
      const auto batch = arrow::RecordBatch::Make(
          arrow::schema({arrow::field("c", type)}), 1, {builder.Finish().ValueOrDie()});
      const ColumnMapping column = Column(Wire::kNumeric, type);
      EXPECT_EQ(LakeImages({column}, *batch)[0], CopyImage({column}, copied))
          << digits << " with scale " << scale;
    }
  }
}

TEST(RowImageTest, NoValueOfTheSourceLooksLikeOneThatCannotBe) {
  const auto image = [](Wire wire, const std::shared_ptr<arrow::Array>& values) {
    const auto batch = arrow::RecordBatch::Make(
        arrow::schema({arrow::field("c", values->type())}), 1, {values});
    return LakeImages({Column(wire, values->type())}, *batch)[0];
  };
  arrow::Int32Builder ints;
  ASSERT_TRUE(ints.Append(40'000).ok());
  EXPECT_EQ(image(Wire::kInt16, ints.Finish().ValueOrDie()),
            BigEndian(4) + BigEndian(40'000));
  arrow::Int64Builder longs;
  ASSERT_TRUE(longs.Append(-1).ok());
  EXPECT_EQ(image(Wire::kOid, longs.Finish().ValueOrDie()),
            BigEndian(8) + BigEndian<int64_t>(-1));
  for (const std::string text :
       {"no uuid", "sixteen  letters", "00112233-4455-6677-8899-AABBCCDDEEFF"}) {
    arrow::StringBuilder texts;
    ASSERT_TRUE(texts.Append(text).ok());
    EXPECT_NE(image(Wire::kUuid, texts.Finish().ValueOrDie()).substr(0, 4), BigEndian(16))
        << text;
  }
}

TEST(RowImageTest, FormsHaveNames) {
  for (const auto& column : AllColumns()) {
    const ImageForm form = ImageFormOf(column);
    EXPECT_EQ(ParseImageForm(ToString(form), "test"), form);
  }
  EXPECT_EQ(ToString(ImageFormOf(ListColumn(kNumeric))), "numeric[]");
  for (const char* name : {"", "[]", "int3", "text[][]"}) {
    EXPECT_THROW(ParseImageForm(name, "test"), Error) << name;
  }
}

/// A column of texts that are places in a dictionary.
std::shared_ptr<arrow::RecordBatch> DictionaryBatch(const std::vector<int>& places) {
  arrow::StringBuilder texts;
  arrow::Int32Builder builder;
  EXPECT_TRUE(texts.AppendValues({"a", "", "long"}).ok());
  for (const int place : places) EXPECT_TRUE(builder.Append(place).ok());
  EXPECT_TRUE(builder.AppendNull().ok());
  const auto type = arrow::dictionary(arrow::int32(), arrow::utf8());
  const auto array = std::make_shared<arrow::DictionaryArray>(
      type, builder.Finish().ValueOrDie(), texts.Finish().ValueOrDie());
  return arrow::RecordBatch::Make(arrow::schema({arrow::field("c", type)}),
                                  array->length(), {array});
}

TEST(RowImageTest, TextsInADictionaryHaveTheImagesOfTexts) {
  const auto batch = DictionaryBatch({2, 0, 1});
  EXPECT_EQ(ArrowRowImage({{Wire::kText}}, *batch->schema(), "test").Images(*batch),
            (std::vector<std::string>{Tuple({"long"}), Tuple({"a"}), Tuple({""}),
                                      Tuple({std::nullopt})}));
  for (const int outside : {-1, 3}) {
    const auto wrong = DictionaryBatch({0, outside});
    ArrowRowImage image({{Wire::kText}}, *wrong->schema(), "test");
    EXPECT_THROW(image.Images(*wrong), Error) << outside;
  }
}

TEST(RowImageTest, TypeAndFormMustFit) {
  const auto schema = arrow::schema({arrow::field("c", arrow::utf8())});
  EXPECT_THROW(ArrowRowImage({{Wire::kInt32}}, *schema, "test"), Error);
  EXPECT_THROW(ArrowRowImage({{Wire::kText}, {Wire::kText}}, *schema, "test"), Error);
}

}  // namespace
}  // namespace shoestring
