#include "engine/result_format.h"

#include <arrow/api.h>
#include <arrow/io/memory.h>
#include <arrow/json/from_string.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <parquet/arrow/reader.h>

#include "base/error.h"
#include "base/terminal_text.h"

namespace shoestring {
namespace {

using arrow::ArrayVector;
using arrow::RecordBatch;
using testing::HasSubstr;

using ArrayPointer = std::shared_ptr<arrow::Array>;

ArrayPointer Array(const std::shared_ptr<arrow::DataType>& type,
                   const std::string& json) {
  return arrow::json::ArrayFromJSONString(type, json).ValueOrDie();
}

std::shared_ptr<RecordBatch> Batch(const std::vector<std::string>& names,
                                   const ArrayVector& columns) {
  arrow::FieldVector fields;
  for (size_t i = 0; i < names.size(); ++i) {
    fields.push_back(arrow::field(names[i], columns[i]->type()));
  }
  return RecordBatch::Make(arrow::schema(fields), columns.at(0)->length(), columns);
}

std::string Written(ResultFormat format,
                    const std::vector<std::shared_ptr<RecordBatch>>& batches,
                    int terminal_width = 0) {
  const auto sink = arrow::io::BufferOutputStream::Create().ValueOrDie();
  const auto writer =
      MakeResultWriter(format, batches.at(0)->schema(), sink, terminal_width);
  for (const auto& batch : batches) writer->Write(*batch);
  writer->Finish();
  return sink->Finish().ValueOrDie()->ToString();
}

TEST(ResultFormat, WritesJson) {
  const auto batch = Batch({"id", "name", "id"}, {Array(arrow::int64(), "[1, null]"),
                                                  Array(arrow::utf8(), R"(["a", "b"])"),
                                                  Array(arrow::int64(), "[3, 4]")});
  EXPECT_EQ(Written(ResultFormat::kJson, {batch, batch->Slice(1)}),
            "[{\"id\":1,\"name\":\"a\",\"id_2\":3},\n"
            " {\"id\":null,\"name\":\"b\",\"id_2\":4},\n"
            " {\"id\":null,\"name\":\"b\",\"id_2\":4}]\n");
  EXPECT_EQ(Written(ResultFormat::kJson, {batch->Slice(0, 0)}), "[]\n");
}

TEST(ResultFormat, WritesCsv) {
  const auto batch =
      Batch({"id", "a,b"},
            {Array(arrow::int64(), "[1, null, 3, 4, 5]"),
             Array(arrow::utf8(), R"(["x", null, "", "say \"hi\"", "two\nlines"])")});
  EXPECT_EQ(Written(ResultFormat::kCsv, {batch}),
            "id,\"a,b\"\n1,x\n,\n3,\"\"\n4,\"say \"\"hi\"\"\"\n5,\"two\nlines\"\n");
  EXPECT_EQ(Written(ResultFormat::kCsv, {batch->Slice(0, 0)}), "id,\"a,b\"\n");
}

TEST(ResultFormat, WritesTables) {
  const auto batch = Batch(
      {"id", "name"},
      {Array(arrow::int64(), "[1, 1000]"), Array(arrow::utf8(), R"(["a\nb\tc", null])")});
  EXPECT_EQ(Written(ResultFormat::kTable, {batch}),
            " id   | name\n"
            "------+------\n"
            "    1 | a   +\n"
            "      | b\\tc\n"
            " 1000 | NULL\n");
  EXPECT_EQ(Written(ResultFormat::kTable, {batch->Slice(0, 0)}),
            " id | name\n----+------\n");
}

TEST(ResultFormat, TablesKnowWideCharactersAndEscapeControls) {
  const auto batch =
      Batch({"t"}, {Array(arrow::utf8(), R"(["日本", "\u001b[31m", "\u009b"])")});
  EXPECT_EQ(Written(ResultFormat::kTable, {batch}),
            " t\n----------\n 日本\n \\x1B[31m\n \\x9B\n");
}

TEST(ResultFormat, TablesAreCutOnlyForATerminal) {
  const std::string long_text(100, 'x');
  const auto batch = Batch(
      {"n", "text"},
      {Array(arrow::int64(), "[1]"), Array(arrow::utf8(), "[\"" + long_text + "\"]")});
  EXPECT_THAT(Written(ResultFormat::kTable, {batch}), HasSubstr(long_text));
  const std::string cut = Written(ResultFormat::kTable, {batch}, 40);
  EXPECT_THAT(cut, HasSubstr("…"));
  for (size_t at = 0; at < cut.size();) {
    const size_t end = cut.find('\n', at);
    EXPECT_LE(DisplayWidth(cut.substr(at, end - at)), 40);
    at = end + 1;
  }
}

TEST(ResultFormat, LaterRowsMayBeWiderThanTheSample) {
  std::vector<std::shared_ptr<RecordBatch>> batches(
      1001,
      Batch({"a", "b"}, {Array(arrow::int64(), "[1]"), Array(arrow::int64(), "[2]")}));
  batches.push_back(Batch(
      {"a", "b"}, {Array(arrow::int64(), "[123456]"), Array(arrow::int64(), "[2]")}));
  const std::string text = Written(ResultFormat::kTable, batches);
  EXPECT_THAT(text, HasSubstr("\n 123456 | 2\n"));
}

TEST(ResultFormat, WritesParquet) {
  const auto batch =
      Batch({"id", "id"}, {Array(arrow::int64(), "[1, null]"),
                           Array(arrow::list(arrow::utf8()), R"([["a"], null])")});
  const std::string bytes = Written(ResultFormat::kParquet, {batch, batch});
  const auto source =
      std::make_shared<arrow::io::BufferReader>(arrow::Buffer::FromString(bytes));
  const auto reader =
      parquet::arrow::OpenFile(source, arrow::default_memory_pool()).ValueOrDie();
  const auto table = reader->ReadTable().ValueOrDie();
  EXPECT_EQ(table->num_rows(), 4);
  EXPECT_EQ(table->schema()->field(1)->name(), "id_2");
  EXPECT_FALSE(Written(ResultFormat::kParquet, {batch->Slice(0, 0)}).empty());
}

TEST(ResultFormat, ParquetRefusesWhatItCannotHold) {
  const auto batch =
      Batch({"i"}, {Array(arrow::month_day_nano_interval(), "[[1, 2, 3]]")});
  try {
    Written(ResultFormat::kParquet, {batch});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kUnsupported);
  }
}

TEST(ResultFormat, NamesAreChecked) {
  EXPECT_EQ(ParseResultFormat("csv"), ResultFormat::kCsv);
  EXPECT_THROW(ParseResultFormat("xml"), Error);
}

}  // namespace
}  // namespace shoestring
