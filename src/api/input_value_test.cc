#include "api/input_value.h"

#include <gtest/gtest.h>

#include "api/api_error.h"

namespace shoestring {
namespace {

std::string Input(const char* text, const char* type) {
  return InputText(text, PostgresTypeOf(type, {}));
}

std::string Code(const char* text, const char* type) {
  try {
    return Input(text, type);
  } catch (const ApiError& error) {
    return error.code();
  }
}

TEST(InputValue, IsReadAsPostgresReadsIt) {
  const struct {
    const char *text, *type, *read;
  } cases[] = {
      {" 7 ", "integer", "7"},
      {"-9223372036854775808", "bigint", "-9223372036854775808"},
      {"T", "boolean", "true"},
      {"off", "boolean", "false"},
      {"1e3", "numeric", "1000"},
      {"-.50", "numeric", "-0.50"},
      {"15e-1", "numeric", "1.5"},
      {"20240229", "date", "2024-02-29"},
      {"2024-2-9T25", "date", "22007"},
      {"2024-01-01T00:30:00+01:00", "timestamp with time zone", "2023-12-31 23:30:00+00"},
      {"2024-01-01T00:30:00+01:00", "timestamp without time zone", "2024-01-01 00:30:00"},
      {"2024-07-01 02:10:15 Africa/Cairo", "timestamp with time zone",
       "2024-06-30 23:10:15+00"},
      {"2024-07-01 02:10:15 Africa/Nowhere", "timestamp with time zone", "22007"},
      {"2024-01-01 24:00", "timestamp without time zone", "2024-01-02 00:00:00"},
      {"7:05", "time without time zone", "07:05:00"},
      {"24:00", "time without time zone", "24:00:00"},
      {"23:59:60", "time without time zone", "24:00:00"},
      {"{A02FB934-3A4D469BA6B64FCD88B973CF}", "uuid",
       "a02fb934-3a4d-469b-a6b6-4fcd88b973cf"},
      {"\\xAB", "bytea", "\\xab"},
      {"ab", "bytea", "\\x6162"},
      {R"(a\001\\\377)", "bytea", "\\x61015cff"},
      {"10.0.0.1", "inet", "10.0.0.1/32"},
      {"{\"b\":1,\"aa\":[1,2]}", "jsonb", "{\"b\": 1, \"aa\": [1, 2]}"},
      {"{ 1 , NULL}", "integer[]", "{1,NULL}"},
      {"ab  ", "character(5)", "ab"},
  };
  for (const auto& test : cases)
    EXPECT_EQ(Code(test.text, test.type), test.read) << test.text;
}

TEST(InputValue, ATimeWithoutAZoneIsOfItsTypes) {
  const auto type = InZone(PostgresTypeOf("timestamp with time zone", {}),
                           TimeZone::Find("Asia/Tokyo"));
  EXPECT_EQ(InputText("2024-01-01 00:30", type), "2023-12-31 15:30:00+00");
  EXPECT_EQ(InputText("2024-01-01 00:30Z", type), "2024-01-01 00:30:00+00");
  EXPECT_EQ(InputText("infinity", type), "infinity");
}

TEST(InputValue, ArraysInArraysStayArrays) {
  EXPECT_EQ(Input("{ {1, 2}, {03,null} }", "integer[]"), "{{1,2},{3,NULL}}");
  EXPECT_EQ(Input(R"({{a,"b c"},{"",x}})", "text[]"), R"({{a,"b c"},{"",x}})");
}

TEST(InputValue, IsRefusedWithPostgresCodes) {
  const struct {
    const char *text, *type, *code;
  } cases[] = {
      {"x", "integer", "22P02"},
      {"", "bigint", "22P02"},
      {"99999", "smallint", "22003"},
      {"1e400", "double precision", "22003"},
      {"1x", "numeric", "22P02"},
      {"maybe", "boolean", "22P02"},
      {"2024-02-30", "date", "22008"},
      {"soon", "date", "22007"},
      {"xyz", "uuid", "22P02"},
      {"{1", "integer[]", "22P02"},
      {"{", "jsonb", "22P02"},
      {"\\xABC", "bytea", "22023"},
      {"\\xgg", "bytea", "22023"},
      {"\\400", "bytea", "22P02"},
      {"\\08", "bytea", "22P02"},
      {"a\\", "bytea", "22P02"},
      {"24:00:01", "time without time zone", "22008"},
      {"noon", "time without time zone", "22007"},
      {"2024-01-01 24:00:01", "timestamp without time zone", "22008"},
      {"{{1},{x}}", "integer[]", "22P02"},
      {"{{{{{{{1}}}}}}}", "integer[]", "54000"},
  };
  for (const auto& test : cases)
    EXPECT_EQ(Code(test.text, test.type), test.code) << test.text;
}

TEST(InputValue, ADecimalIsComparedAsItIs) {
  PostgresType column = PostgresTypeOf(
      "numeric(8,2)", {.kind = LakeType::Kind::kDecimal, .precision = 8, .scale = 2});
  EXPECT_EQ(InputValue("1.5", column).type, column.sql);
  EXPECT_EQ(InputValue("1.505", column).type.scale, 3);
  EXPECT_EQ(InputValue("1e30", column).type.precision, 38);
  EXPECT_EQ(InputValue("NaN", column).type.kind, SqlType::Kind::kDouble);
}

}  // namespace
}  // namespace shoestring
