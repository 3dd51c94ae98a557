#include "lake/parquet_file.h"

#include <arrow/api.h>
#include <arrow/io/memory.h>
#include <gtest/gtest.h>
#include <parquet/arrow/reader.h>
#include <parquet/file_reader.h>
#include <parquet/metadata.h>

#include "base/error.h"

namespace shoestring {
namespace {

class StringWriter : public ObjectWriter {
 public:
  explicit StringWriter(std::string* to) : to_(to) {}
  void Append(Bytes bytes) override { to_->append(AsText(bytes)); }
  StagedObject Finish() && override {
    return {"key", static_cast<int64_t>(to_->size()), ""};
  }

 private:
  std::string* to_;
};

template <typename Builder, typename Value>
std::shared_ptr<arrow::Array> MakeArray(const std::shared_ptr<arrow::DataType>& type,
                                        const std::vector<std::optional<Value>>& values) {
  Builder builder(type, arrow::default_memory_pool());
  for (const auto& value : values) {
    EXPECT_TRUE((value ? builder.Append(*value) : builder.AppendNull()).ok());
  }
  return builder.Finish().ValueOrDie();
}

LakeColumn Column(std::string name, LakeType type) {
  LakeColumn column;
  column.name = std::move(name);
  column.type = std::move(type);
  return column;
}

struct Written {
  std::string content;
  DataFile file;
};

Written Write(std::vector<LakeColumn> columns, const arrow::ArrayVector& arrays,
              const ParquetOptions& options, int times = 1) {
  AssignFieldIds(&columns);
  Written written;
  ParquetFile file(std::make_unique<StringWriter>(&written.content), columns, options);
  for (int i = 0; i < times && !arrays.empty(); ++i) {
    file.Write(
        arrow::RecordBatch::Make(FileSchema(columns), arrays[0]->length(), arrays));
  }
  written.file = std::move(file).Finish().file;
  return written;
}

std::shared_ptr<parquet::FileMetaData> Footer(const std::string& content) {
  return parquet::ParquetFileReader::Open(std::make_shared<arrow::io::BufferReader>(
                                              arrow::Buffer::FromString(content)))
      ->metadata();
}

std::string LittleEndian(int64_t value, size_t bytes) {
  return {reinterpret_cast<const char*>(&value), bytes};
}

using Kind = LakeType::Kind;

TEST(ParquetFileTest, KeepsBoundsAsIcebergSerializesThem) {
  using arrow::Decimal128;
  const auto decimal18 = arrow::decimal128(18, 2);
  const auto decimal38 = arrow::decimal128(38, 2);
  const std::string long_text(40, 'x');
  const Written written = Write(
      {Column("i", {Kind::kInt}), Column("l", {Kind::kLong}),
       Column("s", {Kind::kString}), Column("d", {Kind::kDecimal, 18, 2, {}}),
       Column("w", {Kind::kDecimal, 38, 2, {}}), Column("n", {Kind::kInt})},
      {MakeArray<arrow::Int32Builder, int32_t>(arrow::int32(), {3, std::nullopt, -7}),
       MakeArray<arrow::Int64Builder, int64_t>(arrow::int64(), {1, 2, int64_t{1} << 40}),
       MakeArray<arrow::StringBuilder, std::string>(arrow::utf8(), {"b", "a", long_text}),
       MakeArray<arrow::Decimal128Builder, Decimal128>(
           decimal18, {Decimal128(-1), Decimal128(128), std::nullopt}),
       MakeArray<arrow::Decimal128Builder, Decimal128>(
           decimal38, {Decimal128(-129), Decimal128(255), Decimal128(0)}),
       MakeArray<arrow::Int32Builder, int32_t>(
           arrow::int32(), {std::nullopt, std::nullopt, std::nullopt})},
      {});
  const auto& columns = written.file.columns;
  EXPECT_EQ(written.file.rows, 3);
  EXPECT_EQ(columns.at(1).lower, LittleEndian(-7, 4));
  EXPECT_EQ(columns.at(1).upper, LittleEndian(3, 4));
  EXPECT_EQ(columns.at(1).null_count, 1);
  EXPECT_EQ(columns.at(2).upper, LittleEndian(int64_t{1} << 40, 8));
  EXPECT_EQ(columns.at(3).lower, "a");
  EXPECT_EQ(columns.at(3).upper, std::string(15, 'x') + "y");
  EXPECT_EQ(columns.at(4).lower, "\xFF");
  EXPECT_EQ(columns.at(4).upper, std::string("\0\x80", 2));
  EXPECT_EQ(columns.at(5).lower, "\xFF\x7F");
  EXPECT_EQ(columns.at(5).upper, std::string("\0\xFF", 2));
  EXPECT_EQ(columns.at(6).lower, std::nullopt);
  EXPECT_EQ(columns.at(6).null_count, 3);
}

TEST(ParquetFileTest, CutsRowGroupsByRowsWhateverTheBatches) {
  ParquetOptions options;
  options.row_group_rows = 100;
  const std::vector<std::optional<int32_t>> fifty(50, 1);
  const Written written =
      Write({Column("i", {Kind::kInt})},
            {MakeArray<arrow::Int32Builder, int32_t>(arrow::int32(), fifty)}, options, 5);
  const auto footer = Footer(written.content);
  ASSERT_EQ(footer->num_row_groups(), 3);
  EXPECT_EQ(footer->RowGroup(0)->num_rows(), 100);
  EXPECT_EQ(footer->RowGroup(2)->num_rows(), 50);
  // The file is too small to be worth more than one split.
  EXPECT_EQ(written.file.split_offsets, std::vector{footer->RowGroup(0)->file_offset()});
}

TEST(ParquetFileTest, WritesWhatForeignReadersTake) {
  const std::vector<LakeColumn> columns = {
      Column("d", {Kind::kDecimal, 9, 2, {}}), Column("t", {Kind::kTimestampTz}),
      Column("l", {Kind::kList, 0, 0, {{Kind::kString}}})};
  const Written written = Write(columns, {}, {});
  const auto footer = Footer(written.content);
  const auto* schema = footer->schema();
  EXPECT_EQ(schema->Column(0)->physical_type(), parquet::Type::INT32);
  EXPECT_EQ(schema->Column(1)->physical_type(), parquet::Type::INT64);
  EXPECT_EQ(schema->Column(2)->path()->ToDotString(), "l.list.element");
  EXPECT_EQ(schema->group_node()->field(0)->field_id(), 1);
  EXPECT_EQ(schema->group_node()->field(2)->field_id(), 3);
  EXPECT_EQ(schema->Column(2)->schema_node()->field_id(), 4);
  EXPECT_EQ(written.file.rows, 0);
}

TEST(ParquetFileTest, ParsesCompression) {
  for (const char* text : {"none", "snappy", "zstd", "zstd:1", "zstd:22"}) {
    EXPECT_EQ(ToString(ParseCompression(text)), text);
  }
  for (const char* text : {"", "gzip", "zstd:", "zstd:0", "zstd:23", "zstd:1x", "ZSTD"}) {
    EXPECT_THROW(ParseCompression(text), Error) << text;
  }
}

}  // namespace
}  // namespace shoestring
