#include "lake/avro.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <random>

#include "lake/test_lake.h"

namespace shoestring {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::string_view kSchema = R"({"type": "record", "name": "r", "fields": [
  {"name": "id", "field-id": 7, "type": "long", "doc": "kept to the letter"},
  {"name": "name", "field-id": 8, "type": ["null", "string"], "default": null},
  {"name": "sizes", "field-id": 9, "type": {"type": "array", "items": "int"}}]})";

std::string OneRecord(int64_t id, std::optional<std::string_view> name,
                      const std::vector<int>& sizes) {
  AvroEncoder out;
  out.Long(id);
  out.Long(name ? 1 : 0);
  if (name) out.Text(*name);
  out.OpenArray(sizes.size());
  for (const int size : sizes) out.Long(size);
  out.CloseArray();
  return std::move(out).Take();
}

std::string SampleFileBytes() {
  return EncodeAvroFile(
      kSchema, {{"format-version", "2"}, {"empty", ""}},
      {{.records = 2, .bytes = OneRecord(1, "one", {1, -2, 300}) + OneRecord(-5, {}, {})},
       {.records = 1, .bytes = OneRecord(3, "three", {7})}});
}

std::vector<std::string> Read(std::string_view bytes) {
  const AvroFile file(AsBytes(bytes), "file");
  std::vector<std::string> records;
  file.ForEachRecord([&](AvroDecoder& in) {
    const auto& fields = file.schema().children;
    std::string text = std::to_string(in.Long(fields.at(0)));
    text += "," + std::string(in.OptionalText(fields.at(1)).value_or("null"));
    in.ForEachItem(fields.at(2), [&](const AvroSchema& item) {
      text += "," + std::to_string(in.Long(item));
    });
    records.push_back(text);
  });
  return records;
}

/// Wraps values in a decoder that owns nothing.
template <typename Check>
void Decode(std::string_view bytes, const Check& check) {
  AvroDecoder in(AsBytes(bytes), "input");
  check(in);
}

TEST(AvroTest, LongsAsTheSpecificationGivesThem) {
  const std::pair<int64_t, std::string> cases[] = {
      {0, std::string(1, '\0')},
      {-1, "\x01"},
      {1, "\x02"},
      {-64, "\x7f"},
      {64, std::string("\x80\x01")},
      {std::numeric_limits<int64_t>::max(), "\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01"},
      {std::numeric_limits<int64_t>::min(), "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"},
  };
  for (const auto& [value, bytes] : cases) {
    AvroEncoder out;
    out.Long(value);
    EXPECT_EQ(std::move(out).Take(), bytes) << value;
    AvroDecoder in(AsBytes(bytes), "input");
    EXPECT_EQ(in.Long(), value);
    EXPECT_TRUE(in.AtEnd());
  }
}

TEST(AvroTest, FileComesBack) {
  const std::string bytes = SampleFileBytes();
  EXPECT_THAT(Read(bytes), ElementsAre("1,one,1,-2,300", "-5,null", "3,three,7"));
  const AvroFile file(AsBytes(bytes), "file");
  EXPECT_EQ(file.metadata().at("format-version"), "2");
  EXPECT_EQ(file.metadata().at("empty"), "");
  EXPECT_EQ(file.metadata().at("avro.schema"), kSchema);
  EXPECT_EQ(file.schema().children[0].field_id, 7);
  EXPECT_EQ(bytes, SampleFileBytes()) << "the same arguments give the same bytes";
}

TEST(AvroTest, FileWithoutBlocksHasNoRecords) {
  EXPECT_THAT(Read(EncodeAvroFile(kSchema, {}, {})), ElementsAre());
}

TEST(AvroTest, ArraysOfOtherWriters) {
  const AvroSchema longs = ParseAvroSchema(R"({"type":"array","items":"long"})", "s");
  // Two blocks, the first with its size in bytes, as writers that allow skipping do.
  AvroEncoder out;
  out.Long(-2);
  out.Long(2);
  for (const int64_t value : {10, 11, 1, 12, 0}) out.Long(value);
  const std::string bytes = std::move(out).Take();
  std::vector<int64_t> values;
  Decode(bytes, [&](AvroDecoder& in) {
    in.ForEachItem(longs,
                   [&](const AvroSchema& item) { values.push_back(in.Long(item)); });
    EXPECT_TRUE(in.AtEnd());
  });
  EXPECT_THAT(values, ElementsAre(10, 11, 12));
  Decode(bytes, [&](AvroDecoder& in) {
    in.Skip(longs);
    EXPECT_TRUE(in.AtEnd());
  });
}

TEST(AvroTest, SkipsEveryType) {
  const AvroSchema schema = ParseAvroSchema(R"({"type":"record","name":"r","fields":[
    {"name":"a","type":"null"}, {"name":"b","type":"boolean"}, {"name":"c","type":"int"},
    {"name":"d","type":"float"}, {"name":"e","type":"double"}, {"name":"f","type":"bytes"},
    {"name":"g","type":{"type":"fixed","name":"x","size":3}},
    {"name":"h","type":{"type":"map","values":["null","long"]}},
    {"name":"i","type":["string","null"]}, {"name":"j","type":{"type":"string"}}]})",
                                            "s");
  AvroEncoder out;
  out.Boolean(true);
  out.Long(-9);
  std::string bytes = std::move(out).Take() + std::string(12, 'x');  // float and double
  AvroEncoder rest;
  rest.Text("bytes");
  bytes += std::move(rest).Take() + "fix";
  AvroEncoder map;
  map.OpenArray(1);
  map.Text("key");
  map.Long(1);
  map.Long(5);
  map.CloseArray();
  map.Long(1);  // null
  map.Text("end");
  bytes += std::move(map).Take();
  Decode(bytes, [&](AvroDecoder& in) {
    in.Skip(schema);
    EXPECT_TRUE(in.AtEnd());
  });
}

TEST(AvroTest, RefusesSchemas) {
  const char* const cases[] = {
      "",
      "{}",
      "7",
      "[]",
      R"("r102")",
      R"("fixed")",
      R"({"type":"enum","symbols":["a"]})",
      R"({"type":"array"})",
      R"({"type":"array","items":"null"})",
      R"({"type":"array","items":{"type":"record","fields":[]}})",
      R"({"type":"map","values":{"type":"fixed","size":0}})",
      R"({"type":"fixed","size":-1})",
      R"({"type":"record","fields":[{"name":"a"}]})",
      R"({"type":"record","fields":[{"name":"a","type":"int","field-id":-1}]})",
      R"({"type":"record","fields":[{"name":"a","type":"int","field-id":4294967296}]})",
  };
  for (const char* json : cases) {
    EXPECT_EQ(KindOf([&] { ParseAvroSchema(json, "s"); }), ErrorKind::kCorrupt) << json;
  }
  const std::string deep = std::string(100000, '[') + std::string(100000, ']');
  EXPECT_EQ(KindOf([&] { ParseAvroSchema(deep, "s"); }), ErrorKind::kCorrupt);
}

TEST(AvroTest, RefusesHostileNumbers) {
  const AvroSchema longs = ParseAvroSchema(R"({"type":"array","items":"long"})", "s");
  const auto encode = [](std::initializer_list<int64_t> values) {
    AvroEncoder out;
    for (const int64_t value : values) out.Long(value);
    return std::move(out).Take();
  };
  const std::string cases[] = {
      "",
      "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
      "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02",
      encode({1'000'000'000'000, 1}),
      encode({std::numeric_limits<int64_t>::min(), 1, 1}),
      encode({-1, -1, 1, 0}),
      encode({2, 1}),
  };
  for (const std::string& bytes : cases) {
    Decode(bytes, [&](AvroDecoder& in) {
      EXPECT_EQ(KindOf([&] { in.Skip(longs); }), ErrorKind::kCorrupt);
    });
  }
  for (const int64_t size : {int64_t{-1}, int64_t{4}, int64_t{1} << 62}) {
    Decode(encode({size}) + "abc", [&](AvroDecoder& in) {
      EXPECT_EQ(KindOf([&] { in.Text(); }), ErrorKind::kCorrupt) << size;
    });
  }
}

TEST(AvroTest, SaysWhereAndWhat) {
  std::string bytes = SampleFileBytes();
  bytes.back() ^= 1;
  try {
    Read(bytes);
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("file: sync marker expected at byte " +
                                        std::to_string(bytes.size())));
  }
}

TEST(AvroTest, RefusesCompression) {
  std::string bytes = SampleFileBytes();
  // Both texts have a length of their own before them; "null" as codec becomes "nope".
  bytes.replace(bytes.find("avro.codec") + 11, 4, "nope");
  EXPECT_EQ(KindOf([&] { Read(bytes); }), ErrorKind::kCorrupt);
}

TEST(AvroTest, EveryCutIsNoticed) {
  const std::string bytes = SampleFileBytes();
  const size_t first_block = bytes.size() - (OneRecord(3, "three", {7}).size() + 18);
  const size_t header =
      EncodeAvroFile(kSchema, {{"format-version", "2"}, {"empty", ""}}, {}).size();
  for (size_t size = 0; size < bytes.size(); ++size) {
    // Between blocks a file may end: manifest lists say how long it must be.
    if (size == header || size == first_block) continue;
    EXPECT_EQ(KindOf([&] { Read(bytes.substr(0, size)); }), ErrorKind::kCorrupt) << size;
  }
}

TEST(AvroTest, AnyChangeIsReadOrRefused) {
  const std::string original = SampleFileBytes();
  std::mt19937 random(20250101);
  for (int round = 0; round < 20000; ++round) {
    std::string bytes = original;
    for (int change = 0; change < 1 + round % 4; ++change) {
      bytes[random() % bytes.size()] = static_cast<char>(random());
    }
    try {
      Read(bytes);
    } catch (const Error& error) {
      ASSERT_EQ(error.kind(), ErrorKind::kCorrupt) << error.what();
    } catch (const std::out_of_range&) {
      // Read() above asks for three fields; the schema has fewer now.
    }
  }
}

}  // namespace
}  // namespace shoestring
