#include "engine/trino_page.h"

#include <arrow/api.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/value_text.h"

namespace shoestring {
namespace {

using testing::HasSubstr;

/// A page with one column of a type and its values, as the protocol has them.
std::string Page(const std::string& signature, const std::string& values) {
  return R"({"id": "q", "nextUri": "http://h/v1/next", "columns": [{"name": "c",
             "type": "t", "typeSignature": )" +
         signature + R"(}], "data": [)" + values + R"(],
             "stats": {"queuedTimeMillis": 3, "elapsedTimeMillis": 10,
                       "processedBytes": 999, "physicalInputBytes": 1234}})";
}

std::string Scalar(const std::string& name, const std::string& arguments = "") {
  return R"({"rawType": ")" + name + R"(", "arguments": [)" + arguments + "]}";
}

std::string Long(int value) {
  return R"({"kind": "LONG", "value": )" + std::to_string(value) + "}";
}

/// The column's type and its values as JSON.
std::string Read(const std::string& signature, const std::string& values) {
  const TrinoPage page = ParseTrinoPage(Page(signature, values));
  std::string text = page.schema->field(0)->type()->ToString() + ":";
  for (int64_t row = 0; row < page.rows->num_rows(); ++row) {
    text += " ";
    AppendJson(*page.rows->column(0), row, &text);
  }
  return text;
}

ErrorKind KindOf(const std::string& json) {
  try {
    ParseTrinoPage(json);
  } catch (const Error& error) {
    return error.kind();
  }
  ADD_FAILURE() << "no error: " << json;
  return ErrorKind::kInternal;
}

TEST(TrinoPage, Scalars) {
  EXPECT_EQ(Read(Scalar("boolean"), "[true], [false], [null]"), "bool: true false null");
  EXPECT_EQ(Read(Scalar("tinyint"), "[-128]"), "int8: -128");
  EXPECT_EQ(Read(Scalar("smallint"), "[32767]"), "int16: 32767");
  EXPECT_EQ(Read(Scalar("integer"), "[-1], [null]"), "int32: -1 null");
  EXPECT_EQ(Read(Scalar("bigint"), "[9223372036854775807], [-9223372036854775808]"),
            "int64: 9223372036854775807 -9223372036854775808");
  EXPECT_EQ(Read(Scalar("real"), "[0.1], [\"NaN\"]"), "float: 0.1 \"NaN\"");
  EXPECT_EQ(Read(Scalar("double"), "[1.0E20], [0.30000000000000004], [\"-Infinity\"]"),
            "double: 1e+20 0.30000000000000004 \"-Infinity\"");
  EXPECT_EQ(Read(Scalar("decimal", Long(38) + "," + Long(2)),
                 R"(["123456789012345678901234567890123456.78"], ["-0.01"])"),
            "decimal128(38, 2): 123456789012345678901234567890123456.78 -0.01");
  EXPECT_EQ(Read(Scalar("varchar", Long(2147483647)), R"(["it's ☃"], [""])"),
            "string: \"it's ☃\" \"\"");
  EXPECT_EQ(Read(Scalar("varbinary"), R"(["3q2+7w=="], [""])"),
            "binary: \"\\\\xdeadbeef\" \"\\\\x\"");
  EXPECT_EQ(Read(Scalar("unknown"), "[null]"), "null: null");
}

TEST(TrinoPage, Times) {
  EXPECT_EQ(Read(Scalar("date"), R"(["2024-02-29"])"), "date32[day]: \"2024-02-29\"");
  EXPECT_EQ(Read(Scalar("timestamp", Long(6)), R"(["2024-02-29 12:34:56.789012"])"),
            "timestamp[us]: \"2024-02-29T12:34:56.789012\"");
  EXPECT_EQ(Read(Scalar("timestamp", Long(9)), R"(["2024-02-29 12:34:56.000000001"])"),
            "timestamp[ns]: \"2024-02-29T12:34:56.000000001\"");
  EXPECT_EQ(Read(Scalar("timestamp with time zone", Long(3)),
                 R"(["2024-02-29 12:34:56.789 UTC"])"),
            "timestamp[us, tz=UTC]: \"2024-02-29T12:34:56.789+00:00\"");
  EXPECT_EQ(Read(Scalar("time", Long(3)), R"(["12:34:56.789"])"),
            "time64[us]: \"12:34:56.789\"");
  EXPECT_EQ(Read(Scalar("interval day to second"), R"(["3 04:05:06.700"])"),
            "month_day_nano_interval: \"3 days 04:05:06.7\"");
}

TEST(TrinoPage, Nested) {
  const std::string element = R"({"kind": "TYPE", "value": )" + Scalar("bigint") + "}";
  const std::string key = R"({"kind": "TYPE", "value": )" + Scalar("varchar") + "}";
  EXPECT_EQ(Read(Scalar("array", element), "[[1, null]], [[]], [null]"),
            "list<item: int64>: [1,null] [] null");
  EXPECT_EQ(Read(Scalar("map", key + "," + element), R"([{"a": 1, "b": null}])"),
            "map<string, int64>: {\"a\":1,\"b\":null}");
  const std::string row =
      R"({"kind": "NAMED_TYPE", "value": {"fieldName": {"name": "x"}, "typeSignature": )" +
      Scalar("bigint") + R"(}}, {"kind": "NAMED_TYPE", "value": {"typeSignature": )" +
      Scalar("varchar") + "}}";
  EXPECT_EQ(Read(Scalar("row", row), R"([[1, "y"]], [null])"),
            "struct<x: int64, field1: string>: {\"x\":1,\"field1\":\"y\"} null");
}

TEST(TrinoPage, Progress) {
  const TrinoPage page = ParseTrinoPage(Page(Scalar("bigint"), ""));
  EXPECT_EQ(page.next_uri, "http://h/v1/next");
  EXPECT_EQ(page.rows, nullptr);
  EXPECT_EQ(page.queued_ms, 3);
  EXPECT_EQ(page.elapsed_ms, 10);
  EXPECT_EQ(page.scanned_bytes, 1234);
  const TrinoPage first = ParseTrinoPage(R"({"id": "q", "nextUri": "http://h/1"})");
  EXPECT_EQ(first.schema, nullptr);
  EXPECT_TRUE(ParseTrinoPage(R"({"id": "q"})").next_uri.empty());
}

TEST(TrinoPage, ErrorsOfQueries) {
  const TrinoPage page = ParseTrinoPage(
      R"({"error": {"message": "line 1:15: Table 't' does not exist", "errorCode": 46,
          "errorName": "TABLE_NOT_FOUND", "errorType": "USER_ERROR"}})");
  ASSERT_TRUE(page.error);
  EXPECT_EQ(page.error->kind(), ErrorKind::kNotFound);
  EXPECT_THAT(page.error->what(),
              HasSubstr("Table 't' does not exist [TABLE_NOT_FOUND]"));

  EXPECT_EQ(TrinoErrorKind("SYNTAX_ERROR", "USER_ERROR"), ErrorKind::kInvalidArgument);
  EXPECT_EQ(TrinoErrorKind("EXCEEDED_TIME_LIMIT", "INSUFFICIENT_RESOURCES"),
            ErrorKind::kTimeout);
  EXPECT_EQ(TrinoErrorKind("EXCEEDED_SCAN_LIMIT", "INSUFFICIENT_RESOURCES"),
            ErrorKind::kLimit);
  EXPECT_EQ(TrinoErrorKind("ICEBERG_BAD_DATA", "EXTERNAL"), ErrorKind::kCorrupt);
  EXPECT_EQ(TrinoErrorKind("PERMISSION_DENIED", "USER_ERROR"), ErrorKind::kPermission);
  EXPECT_EQ(TrinoErrorKind("GENERIC_INTERNAL_ERROR", "INTERNAL_ERROR"),
            ErrorKind::kUnavailable);
}

TEST(TrinoPage, WhatIsNoneIsCorrupt) {
  const std::vector<std::string> pages = {
      "",
      "[]",
      "{",
      R"({"data": [[1]]})",
      Page(Scalar("bigint"), "[1, 2]"),
      Page(Scalar("bigint"), "[1.5]"),
      Page(Scalar("bigint"), "[\"x\"]"),
      Page(Scalar("bigint"), "[[]]"),
      Page(Scalar("boolean"), "[1]"),
      Page(Scalar("date"), "[\"2024-02-30\"]"),
      Page(Scalar("varbinary"), "[\"?\"]"),
      Page(Scalar("decimal", Long(3) + "," + Long(1)), "[\"1234.5\"]"),
      Page(Scalar("timestamp", Long(3)), "[\"2024-01-01 00:00:00 UTC\"]"),
      Page(Scalar("array"), "[[1]]"),
      Page("7", "[1]")};
  for (const std::string& page : pages)
    EXPECT_EQ(KindOf(page), ErrorKind::kCorrupt) << page;
}

TEST(TrinoPage, WhatArrowCannotHoldIsRefused) {
  EXPECT_EQ(KindOf(Page(Scalar("HyperLogLog"), "")), ErrorKind::kUnsupported);
  EXPECT_EQ(KindOf(Page(Scalar("timestamp", Long(12)), "")), ErrorKind::kUnsupported);
  EXPECT_EQ(KindOf(Page(Scalar("time with time zone", Long(3)), "")),
            ErrorKind::kUnsupported);
  EXPECT_EQ(KindOf(Page(Scalar("timestamp with time zone", Long(3)),
                        "[\"2024-01-01 00:00:00.000 Europe/Berlin\"]")),
            ErrorKind::kUnsupported);
  EXPECT_EQ(KindOf(Page(Scalar("timestamp", Long(9)), "[\"9999-01-01 00:00:00\"]")),
            ErrorKind::kData);
}

}  // namespace
}  // namespace shoestring
