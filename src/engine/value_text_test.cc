#include "engine/value_text.h"

#include <arrow/api.h>
#include <arrow/json/from_string.h>
#include <gtest/gtest.h>

namespace shoestring {
namespace {

using ArrayPointer = std::shared_ptr<arrow::Array>;

ArrayPointer Array(const std::shared_ptr<arrow::DataType>& type,
                   const std::string& json) {
  return arrow::json::ArrayFromJSONString(type, json).ValueOrDie();
}

std::string Json(const ArrayPointer& array) {
  std::string text;
  AppendJson(*array, 0, &text);
  return text;
}

std::string Text(const ArrayPointer& array) {
  std::string text;
  AppendText(*array, 0, &text);
  return text;
}

TEST(ValueText, Scalars) {
  struct Case {
    std::shared_ptr<arrow::DataType> type;
    const char* value;
    const char* text;
    const char* json;
  };
  const auto micros = arrow::timestamp(arrow::TimeUnit::MICRO);
  const auto zoned = arrow::timestamp(arrow::TimeUnit::MICRO, "UTC");
  const Case cases[] = {
      {arrow::boolean(), "true", "true", "true"},
      {arrow::int8(), "-128", "-128", "-128"},
      {arrow::int64(), "9223372036854775807", "9223372036854775807",
       "9223372036854775807"},
      {arrow::int64(), "-9223372036854775808", "-9223372036854775808",
       "-9223372036854775808"},
      {arrow::uint64(), "18446744073709551615", "18446744073709551615",
       "18446744073709551615"},
      {arrow::float64(), "0.1", "0.1", "0.1"},
      {arrow::float64(), "-0.0", "-0", "-0"},
      {arrow::float64(), "100000000000000", "100000000000000", "100000000000000"},
      {arrow::float64(), "1e15", "1e+15", "1e+15"},
      {arrow::float64(), "0.00001", "1e-05", "1e-05"},
      {arrow::float64(), "NaN", "NaN", "\"NaN\""},
      {arrow::float64(), "Inf", "Infinity", "\"Infinity\""},
      {arrow::float64(), "-Inf", "-Infinity", "\"-Infinity\""},
      {arrow::float32(), "0.1", "0.1", "0.1"},
      {arrow::float32(), "1000000", "1e+06", "1e+06"},
      {arrow::decimal128(18, 2), "\"12345.60\"", "12345.60", "12345.60"},
      {arrow::decimal128(18, 2), "\"-0.05\"", "-0.05", "-0.05"},
      {arrow::decimal128(38, 10), "\"0.0000000001\"", "0.0000000001", "0.0000000001"},
      {arrow::decimal128(38, 0), "\"99999999999999999999999999999999999999\"",
       "99999999999999999999999999999999999999",
       "99999999999999999999999999999999999999"},
      {arrow::decimal128(5, 5), "\"0.12345\"", "0.12345", "0.12345"},
      {arrow::utf8(), "\"a\\\"b\\\\\\n\\u0001é\"", "a\"b\\\n\x01é",
       "\"a\\\"b\\\\\\n\\u0001é\""},
      {arrow::binary(), "\"hi\"", "\\x6869", "\"\\\\x6869\""},
      {arrow::binary(), "\"\"", "\\x", "\"\\\\x\""},
      {arrow::date32(), "19782", "2024-02-29", "\"2024-02-29\""},
      {arrow::date32(), "-719163", "0001-12-31 BC", "\"0001-12-31 BC\""},
      {arrow::date32(), "2147483647", "infinity", "\"infinity\""},
      {arrow::date32(), "-2147483647", "-infinity", "\"-infinity\""},
      {arrow::date32(), "2932897", "10000-01-01", "\"10000-01-01\""},
      {arrow::time64(arrow::TimeUnit::MICRO), "45296789000", "12:34:56.789",
       "\"12:34:56.789\""},
      {arrow::time64(arrow::TimeUnit::MICRO), "86400000000", "24:00:00", "\"24:00:00\""},
      {micros, "0", "1970-01-01 00:00:00", "\"1970-01-01T00:00:00\""},
      {micros, "-1", "1969-12-31 23:59:59.999999", "\"1969-12-31T23:59:59.999999\""},
      {micros, "9223372036854775807", "infinity", "\"infinity\""},
      {zoned, "1700000000123000", "2023-11-14 22:13:20.123+00",
       "\"2023-11-14T22:13:20.123+00:00\""},
      {arrow::timestamp(arrow::TimeUnit::SECOND), "1700000000", "2023-11-14 22:13:20",
       "\"2023-11-14T22:13:20\""},
      {arrow::timestamp(arrow::TimeUnit::NANO), "1", "1970-01-01 00:00:00.000000001",
       "\"1970-01-01T00:00:00.000000001\""},
      {arrow::null(), "null", "", "null"},
      {arrow::int32(), "null", "", "null"},
      {arrow::dictionary(arrow::int8(), arrow::utf8()), "\"sold\"", "sold", "\"sold\""},
  };
  for (const Case& c : cases) {
    const auto array = Array(c.type, std::string("[") + c.value + "]");
    EXPECT_EQ(Text(array), c.text) << c.type->ToString();
    EXPECT_EQ(Json(array), c.json) << c.type->ToString();
  }
}

TEST(ValueText, Intervals) {
  using MonthDayNanos = arrow::MonthDayNanoIntervalType::MonthDayNanos;
  const std::pair<MonthDayNanos, const char*> cases[] = {
      {{0, 0, 0}, "00:00:00"},
      {{14, 3, 14706'789'000'000}, "1 year 2 mons 3 days 04:05:06.789"},
      {{-12, 1, -1'000'000'000}, "-1 years +1 day -00:00:01"},
      {{0, -1, 60'000'000'000}, "-1 days +00:01:00"},
      {{1, 0, 0}, "1 mon"},
  };
  for (const auto& [value, text] : cases) {
    arrow::MonthDayNanoIntervalBuilder builder;
    ASSERT_TRUE(builder.Append(value).ok());
    const auto array = builder.Finish().ValueOrDie();
    EXPECT_EQ(Text(array), text);
  }
}

TEST(ValueText, Nested) {
  const auto list = arrow::list(arrow::utf8());
  EXPECT_EQ(Json(Array(list, R"([["a", null, "b\"c"]])")), R"(["a",null,"b\"c"])");
  EXPECT_EQ(Text(Array(list, R"([["a", null]])")), R"(["a",null])");
  EXPECT_EQ(Json(Array(list, "[[]]")), "[]");
  const auto numbers = arrow::list(arrow::decimal128(10, 2));
  EXPECT_EQ(Json(Array(numbers, R"([["1.10", "-2.00"]])")), "[1.10,-2.00]");
  EXPECT_EQ(Json(Array(arrow::fixed_size_list(arrow::int32(), 2), "[[1, 2]]")), "[1,2]");
  const auto record =
      arrow::struct_({arrow::field("a", arrow::int32()), arrow::field("b\"", list)});
  EXPECT_EQ(Json(Array(record, R"([{"a": 1, "b\"": ["x"]}])")), R"({"a":1,"b\"":["x"]})");
  EXPECT_EQ(Json(Array(arrow::map(arrow::int32(), arrow::float64()),
                       "[[[1, 1.5], [2, null]]]")),
            R"({"1":1.5,"2":null})");
  EXPECT_EQ(Json(Array(arrow::list(list), R"([[["a"], null, []]])")),
            R"([["a"],null,[]])");
}

TEST(ValueText, SlicesKeepTheirOffsets) {
  const auto lists = Array(arrow::list(arrow::int32()), "[[1], [2, 3], [4]]");
  EXPECT_EQ(Json(lists->Slice(1, 1)), "[2,3]");
  const auto structs = Array(arrow::struct_({arrow::field("a", arrow::int32())}),
                             R"([{"a": 1}, {"a": 2}])");
  EXPECT_EQ(Json(structs->Slice(1, 1)), R"({"a":2})");
}

}  // namespace
}  // namespace shoestring
