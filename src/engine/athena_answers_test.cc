#include "engine/athena_answers.h"

#include <arrow/api.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/value_text.h"

namespace shoestring {
namespace {

using State = AthenaExecution::State;

std::string Column(const std::string& type, int precision = 0, int scale = 0) {
  return fmt::format(
      R"({{"CatalogName": "hive", "Name": "c", "Label": "c", "Type": "{}",
           "Precision": {}, "Scale": {}}})",
      type, precision, scale);
}

/// A page with one column and its values: texts, or "" for NULL's {}.
std::string Page(const std::string& column, const std::vector<std::string>& data) {
  std::string rows;
  for (const std::string& datum : data) {
    rows += fmt::format(R"({}{{"Data": [{}]}})", rows.empty() ? "" : ",", datum);
  }
  return fmt::format(
      R"({{"ResultSet": {{"Rows": [{}], "ResultSetMetadata": {{"ColumnInfo": [{}]}}}},
           "NextToken": "more"}})",
      rows, column);
}

std::string Text(const std::string& text) {
  return R"({"VarCharValue": ")" + text + "\"}";
}

/// The column's type and its values as JSON.
std::string Read(const std::string& column, const std::vector<std::string>& data) {
  const AthenaPage page = ParseAthenaPage(Page(column, data), false);
  std::string text = page.schema->field(0)->type()->ToString() + ":";
  for (int64_t row = 0; page.rows && row < page.rows->num_rows(); ++row) {
    text += " ";
    AppendJson(*page.rows->column(0), row, &text);
  }
  return text;
}

template <typename Function>
ErrorKind KindOf(const Function& function) {
  try {
    function();
  } catch (const Error& error) {
    return error.kind();
  }
  ADD_FAILURE() << "no error";
  return ErrorKind::kInternal;
}

TEST(AthenaAnswers, ValuesAsTheOtherEnginesGiveThem) {
  EXPECT_EQ(Read(Column("boolean"), {Text("true"), Text("false"), "{}"}),
            "bool: true false null");
  EXPECT_EQ(Read(Column("integer"), {Text("-1")}), "int32: -1");
  EXPECT_EQ(Read(Column("bigint"), {Text("9223372036854775807")}),
            "int64: 9223372036854775807");
  EXPECT_EQ(Read(Column("float"), {Text("0.1"), Text("NaN")}), "float: 0.1 \"NaN\"");
  EXPECT_EQ(Read(Column("double"), {Text("1.0E20"), Text("-Infinity")}),
            "double: 1e+20 \"-Infinity\"");
  EXPECT_EQ(Read(Column("decimal", 38, 2), {Text("-0.01")}), "decimal128(38, 2): -0.01");
  EXPECT_EQ(Read(Column("varchar"), {Text("it's ☃"), Text(""), "{}"}),
            "string: \"it's ☃\" \"\" null");
  EXPECT_EQ(Read(Column("varbinary"), {Text("31 32 ff"), Text("")}),
            "binary: \"\\\\x3132ff\" \"\\\\x\"");
  EXPECT_EQ(Read(Column("date"), {Text("2024-02-29")}), "date32[day]: \"2024-02-29\"");
  EXPECT_EQ(Read(Column("timestamp"), {Text("2026-09-17 12:34:56.789")}),
            "timestamp[us]: \"2026-09-17T12:34:56.789\"");
  EXPECT_EQ(Read(Column("timestamp with time zone"), {Text("2026-09-17 12:34:56.7 UTC")}),
            "timestamp[us, tz=UTC]: \"2026-09-17T12:34:56.7+00:00\"");
}

TEST(AthenaAnswers, NamesAreSkippedByPlaceAndNotByValue) {
  const std::string page = Page(Column("varchar"), {Text("c"), Text("c")});
  EXPECT_EQ(ParseAthenaPage(page, true).rows->num_rows(), 1);
  EXPECT_EQ(ParseAthenaPage(page, false).rows->num_rows(), 2);
  EXPECT_EQ(ParseAthenaPage(page, false).next_token, "more");
  EXPECT_EQ(ParseAthenaPage(Page(Column("varchar"), {}), true).rows, nullptr);
}

TEST(AthenaAnswers, WhatHasNoExactTextIsRefused) {
  for (const char* type : {"array", "map", "row", "time with time zone", "HyperLogLog"}) {
    EXPECT_EQ(KindOf([&] { Read(Column(type), {}); }), ErrorKind::kUnsupported) << type;
  }
}

TEST(AthenaAnswers, WhatIsNoneIsCorrupt) {
  const std::vector<std::string> pages = {
      "",
      "[]",
      "{}",
      Page(Column("bigint"), {Text("x")}),
      Page(Column("bigint"), {Text("1") + "," + Text("2")}),
      Page(Column("bigint"), {"7"}),
      Page(Column("varbinary"), {Text("31 3")}),
      Page(Column("varbinary"), {Text("3132")}),
      Page(Column("varbinary"), {Text("zz")}),
      Page(Column("decimal", 99, 2), {}),
      Page(Column("date"), {Text("2024-02-30")}),
      Page("7", {})};
  for (const std::string& page : pages) {
    EXPECT_EQ(KindOf([&] { ParseAthenaPage(page, false); }), ErrorKind::kCorrupt) << page;
  }
  EXPECT_EQ(KindOf([] { ParseAthenaId("{}"); }), ErrorKind::kCorrupt);
  EXPECT_EQ(KindOf([] { ParseAthenaWorkGroup("{}"); }), ErrorKind::kCorrupt);
  EXPECT_EQ(KindOf([] {
              ParseAthenaExecution(R"({"QueryExecution": {"Status": {"State": "ODD"}}})");
            }),
            ErrorKind::kCorrupt);
}

AthenaExecution Execution(const std::string& status, const std::string& more = "") {
  return ParseAthenaExecution(
      fmt::format(R"({{"QueryExecution": {{"Status": {{{}}}{}}}}})", status, more));
}

TEST(AthenaAnswers, Executions) {
  const AthenaExecution done = Execution(
      R"("State": "SUCCEEDED", "SubmissionDateTime": 1.7e9)",
      R"(, "StatementType": "DML", "ResultConfiguration": {"OutputLocation": "s3://b/x.csv"},
          "Statistics": {"EngineExecutionTimeInMillis": 7, "DataScannedInBytes": 12345,
          "QueryQueueTimeInMillis": 3,
          "ResultReuseInformation": {"ReusedPreviousResult": true}})");
  EXPECT_EQ(done.state, State::kSucceeded);
  EXPECT_TRUE(done.ended() && done.is_query && done.reused && !done.is_ddl);
  EXPECT_EQ(done.output, "s3://b/x.csv");
  EXPECT_EQ(done.scanned_bytes, 12345);
  EXPECT_EQ(done.queued_ms, 3);
  EXPECT_EQ(done.running_ms, 7);
  EXPECT_FALSE(Execution(R"("State": "QUEUED")").ended());
  EXPECT_TRUE(Execution(R"("State": "RUNNING")", R"(, "StatementType": "DDL")").is_ddl);
  EXPECT_FALSE(
      Execution(R"("State": "RUNNING")", R"(, "StatementType": "UTILITY")").is_query);
}

TEST(AthenaAnswers, FailuresHaveKinds) {
  const auto kind = [](const std::string& reason, int category, int type) {
    return Execution(fmt::format(R"("State": "FAILED", "StateChangeReason": "{}",
        "AthenaError": {{"ErrorCategory": {}, "ErrorType": {}, "Retryable": true}})",
                                 reason, category, type))
        .failure;
  };
  EXPECT_EQ(kind("line 1:15: Table does not exist", 2, 1301), ErrorKind::kNotFound);
  EXPECT_EQ(kind("TABLE_NOT_FOUND: line 1:15: …", 2, 0), ErrorKind::kNotFound);
  EXPECT_EQ(kind("COLUMN_NOT_FOUND: line 1:8: …", 2, 1006), ErrorKind::kInvalidArgument);
  EXPECT_EQ(kind("Division by zero", 2, 1001), ErrorKind::kInvalidArgument);
  EXPECT_EQ(kind("NOT_SUPPORTED: …", 2, 1200), ErrorKind::kUnsupported);
  EXPECT_EQ(kind("HIVE_CANNOT_OPEN_SPLIT: NoSuchKey", 2, 0), ErrorKind::kConflict);
  EXPECT_EQ(kind("HIVE_BAD_DATA: …", 2, 0), ErrorKind::kCorrupt);
  EXPECT_EQ(kind("Query exhausted: Bytes scanned limit was exceeded", 3, 0),
            ErrorKind::kLimit);
  EXPECT_EQ(kind("It broke", 1, 0), ErrorKind::kUnavailable);
  EXPECT_TRUE(Execution(R"("State": "FAILED",
      "AthenaError": {"ErrorCategory": 1, "Retryable": true})")
                  .retryable);
  EXPECT_FALSE(Execution(R"("State": "FAILED",
      "AthenaError": {"ErrorCategory": 2, "Retryable": true})")
                   .retryable);
}

TEST(AthenaAnswers, WorkGroups) {
  const AthenaWorkGroup group = ParseAthenaWorkGroup(
      R"({"WorkGroup": {"Name": "w", "Configuration": {"BytesScannedCutoffPerQuery": 10485760,
          "ResultConfiguration": {"OutputLocation": "s3://b/results/"}}}})");
  EXPECT_EQ(group.scan_cutoff_bytes, 10485760);
  EXPECT_EQ(group.output, "s3://b/results/");
  EXPECT_EQ(ParseAthenaWorkGroup(R"({"WorkGroup": {}})").scan_cutoff_bytes, 0);
}

}  // namespace
}  // namespace shoestring
