#include "source/type_mapping.h"

#include <arrow/type.h>
#include <gtest/gtest.h>

namespace shoestring {
namespace {

SourceColumn Column(std::string base_name, int32_t typmod = -1, char kind = 'b') {
  SourceColumn column;
  column.name = "c";
  column.type.name = base_name;
  column.type.base_name = std::move(base_name);
  column.type.typmod = typmod;
  column.type.kind = kind;
  column.type.is_system = kind == 'b';
  return column;
}

SourceColumn ArrayOf(const SourceColumn& element) {
  SourceColumn column = element;
  column.type.is_array = true;
  column.type.element_name = element.type.base_name;
  column.type.element_kind = element.type.kind;
  column.type.base_name = "_" + element.type.base_name;
  column.type.kind = 'b';
  return column;
}

int32_t Typmod(int precision, int scale) {
  return ((precision << 16) | (scale & 0x7FF)) + 4;
}

TEST(TypeMappingTest, EveryTypeHasItsPlace) {
  SourceColumn own_text = Column("text");
  own_text.type.is_system = false;
  const struct {
    SourceColumn column;
    std::string type;
    std::string cast;
  } cases[] = {
      {Column("int2"), "int32", ""},
      {Column("oid"), "int64", ""},
      {Column("numeric", Typmod(18, 2)), "decimal128(18, 2)", ""},
      {Column("numeric", Typmod(2, 5)), "decimal128(5, 5)", ""},
      {Column("numeric", Typmod(5, -2)), "decimal128(7, 0)", ""},
      {Column("numeric", Typmod(39, 0)), "string", "::text"},
      {Column("numeric", Typmod(5, -35)), "string", "::text"},
      {Column("numeric"), "decimal128(38, 3)", ""},
      {Column("money"), "decimal128(19, 3)", "::numeric"},
      {Column("timestamptz"), "timestamp[us, tz=UTC]", ""},
      {Column("bpchar"), "string", "::text"},
      {Column("interval"), "string", "::text"},
      {Column("pair", -1, 'c'), "string", "::text"},
      {Column("int4range", -1, 'r'), "string", "::text"},
      {own_text, "string", "::text"},
      {Column("mood", -1, 'e'), "string", ""},
      {ArrayOf(Column("text")), "list<element: string>", ""},
      {ArrayOf(Column("numeric", Typmod(9, 3))), "list<element: decimal128(9, 3)>", ""},
      {ArrayOf(Column("numeric")), "list<element: decimal128(38, 3)>", ""},
      {ArrayOf(Column("money")), "list<element: decimal128(19, 3)>", "::numeric[]"},
      {ArrayOf(Column("mood", -1, 'e')), "list<element: string>", ""},
      {ArrayOf(Column("interval")), "list<element: string>", "::text[]"},
  };
  const ColumnSurvey survey{.anomalies = true, .scale = 3};
  for (const auto& c : cases) {
    const ColumnMapping mapping = MapColumn(c.column, AnomalyPolicy::kNull, survey);
    EXPECT_EQ(mapping.type->ToString(), c.type) << c.column.type.name;
    EXPECT_EQ(mapping.cast, c.cast) << c.column.type.name;
    const ColumnMapping text = MapColumn(c.column, AnomalyPolicy::kText, survey);
    EXPECT_EQ(text.type->ToString() + text.cast, "string::text");
  }
}

}  // namespace
}  // namespace shoestring
