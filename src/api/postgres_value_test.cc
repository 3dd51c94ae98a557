#include "api/postgres_value.h"

#include <arrow/api.h>
#include <gmock/gmock.h>

#include "api/api_error.h"

namespace shoestring {
namespace {

PostgresType Type(const char* name) { return PostgresTypeOf(name, {}); }

std::string Json(const char* text, const char* type) {
  std::string json;
  AppendJsonOfText(text, Type(type), &json);
  return json;
}

TEST(PostgresValue, TextsOfTypesAsJson) {
  EXPECT_EQ(Json("1.50", "numeric(8,2)"), "1.50");
  EXPECT_EQ(Json("NaN", "numeric"), "\"NaN\"");
  EXPECT_EQ(Json("true", "boolean"), "true");
  EXPECT_EQ(Json("12345", "oid"), "\"12345\"");
  EXPECT_EQ(Json("{\"a\": 1}", "jsonb"), "{\"a\": 1}");
  EXPECT_EQ(Json("2024-01-02 03:04:05.6+00", "timestamp with time zone"),
            "\"2024-01-02T03:04:05.6+00:00\"");
  EXPECT_EQ(Json("é", "character(3)"), "\"é  \"");
  EXPECT_EQ(Json("10.0.0.1/32", "inet"), "\"10.0.0.1\"");
  EXPECT_EQ(Json("10.0.0.0/8", "inet"), "\"10.0.0.0/8\"");
}

TEST(PostgresValue, ArraysKeptAsTextsAreJsonArrays) {
  PostgresType list = PostgresTypeOf("integer[]", {});
  std::string json;
  AppendJsonOfText("{{1,2},{3,NULL}}", list, &json);
  EXPECT_EQ(json, "[[1,2],[3,null]]");
}

TEST(PostgresValue, ArrowValues) {
  arrow::StringBuilder builder;
  ASSERT_TRUE(builder.Append("a\"b").ok());
  ASSERT_TRUE(builder.AppendNull().ok());
  const auto array = *builder.Finish();
  std::string json;
  AppendPostgresJson(*array, 0, Type("text"), &json);
  AppendPostgresJson(*array, 1, Type("text"), &json);
  EXPECT_EQ(json, "\"a\\\"b\"null");
  std::string csv;
  AppendPostgresCsv(*array, 0, Type("text"), &csv);
  EXPECT_EQ(csv, "\"a\"\"b\"");
}

TEST(PostgresValue, MomentsInATimeZone) {
  arrow::TimestampBuilder builder(arrow::timestamp(arrow::TimeUnit::MICRO, "UTC"),
                                  arrow::default_memory_pool());
  ASSERT_TRUE(builder.Append(-1).ok());
  const auto array = *builder.Finish();
  const auto in = [&](const char* zone) {
    std::string text;
    AppendPostgresJson(
        *array, 0, InZone(Type("timestamp with time zone"), TimeZone::Find(zone)), &text);
    return text;
  };
  EXPECT_EQ(in("UTC"), "\"1969-12-31T23:59:59.999999+00:00\"");
  EXPECT_EQ(in("Asia/Kolkata"), "\"1970-01-01T05:29:59.999999+05:30\"");
  EXPECT_EQ(in("America/New_York"), "\"1969-12-31T18:59:59.999999-05:00\"");
}

TEST(PostgresValue, Casts) {
  const auto cast = [](const char* text, const char* from, const char* to) {
    return CastText(text, Type(from), CastTarget(to));
  };
  EXPECT_EQ(cast("10.50", "numeric", "int"), "11");
  EXPECT_EQ(cast("true", "boolean", "int4"), "1");
  EXPECT_EQ(cast("3", "integer", "bool"), "true");
  EXPECT_EQ(cast("{1,2}", "integer[]", "_text"), "{1,2}");
  EXPECT_EQ(cast("{\"b\":1,\"a\":2}", "text", "jsonb"), "{\"a\": 2, \"b\": 1}");
  EXPECT_THROW(cast("baz", "text", "integer"), ApiError);
  EXPECT_THROW(cast("1", "integer", "_int4"), ApiError);
  EXPECT_THROW(CastTarget("interval"), ApiError);
}

}  // namespace
}  // namespace shoestring
