#include "source/type_mapping.h"

#include <arrow/type.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

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

TEST(TypeMappingTest, MapsWhatItKnows) {
  const struct {
    SourceColumn column;
    std::string type;
  } cases[] = {
      {Column("int2"), "int32"},
      {Column("oid"), "int64"},
      {Column("numeric", Typmod(18, 2)), "decimal128(18, 2)"},
      {Column("numeric", Typmod(2, 5)), "decimal128(5, 5)"},
      {Column("numeric", Typmod(5, -2)), "decimal128(7, 0)"},
      {Column("timestamptz"), "timestamp[us, tz=UTC]"},
      {Column("mood", -1, 'e'), "string"},
      {ArrayOf(Column("text")), "list<element: string>"},
      {ArrayOf(Column("numeric", Typmod(9, 3))), "list<element: decimal128(9, 3)>"},
      {ArrayOf(Column("mood", -1, 'e')), "list<element: string>"},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(MapColumn("t", c.column).type->ToString(), c.type) << c.column.type.name;
  }
}

TEST(TypeMappingTest, RefusesTheRestByNameWithTheWayOut) {
  SourceColumn own_text = Column("text");
  own_text.type.is_system = false;
  for (const SourceColumn& column :
       {Column("numeric"), Column("numeric", Typmod(39, 0)),
        Column("numeric", Typmod(5, -35)), Column("interval"), Column("tsvector"),
        Column("pair", -1, 'c'), Column("int4range", -1, 'r'),
        ArrayOf(Column("interval")), own_text}) {
    try {
      MapColumn("t", column);
      ADD_FAILURE() << column.type.name;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kUnsupported);
      EXPECT_THAT(error.what(), testing::HasSubstr("t.c has type " + column.type.name));
      EXPECT_THAT(error.what(), testing::HasSubstr("Way out"));
    }
  }
}

}  // namespace
}  // namespace shoestring
