#include "lake/iceberg_metadata.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <boost/json/serialize.hpp>

#include <random>

#include "base/json.h"
#include "lake/test_lake.h"

namespace shoestring {
namespace {

using testing::HasSubstr;

constexpr std::string_view kRoot = "file:///data/my lake/catalog/x";
constexpr std::string_view kList = "catalog/t/run-snap.avro";

class IcebergMetadataTest : public testing::TestWithParam<Granularity> {};

TEST_P(IcebergMetadataTest, ComesBack) {
  const TableMetadata table = SampleTable("s2.t", GetParam());
  const std::string json = FormatIcebergMetadata(table, kRoot, kList);
  const IcebergMetadata parsed = ParseIcebergMetadata(json, "t.metadata.json");
  EXPECT_EQ(parsed.table, table);
  EXPECT_EQ(parsed.root, kRoot);
  EXPECT_EQ(parsed.manifest_list, kList);
  EXPECT_EQ(FormatIcebergMetadata(parsed.table, kRoot, kList), json);
}

INSTANTIATE_TEST_SUITE_P(All, IcebergMetadataTest,
                         testing::Values(Granularity::kNone, Granularity::kYear,
                                         Granularity::kMonth, Granularity::kDay));

TEST(IcebergMetadataTest, IdsThatReadersCheck) {
  const std::string json =
      FormatIcebergMetadata(SampleTable("t", Granularity::kMonth), kRoot, kList);
  const boost::json::value value = ParseJson(json, "json");
  const JsonView document(value, "json");
  EXPECT_EQ(document["last-column-id"].Integer(), 18);
  EXPECT_EQ(document["last-partition-id"].Integer(), 1001);
  EXPECT_EQ(document["last-sequence-number"].Integer(), 3);
  EXPECT_EQ(document["refs"]["main"]["snapshot-id"].Integer(),
            document["current-snapshot-id"].Integer());
  const auto spec = document["partition-specs"].Items()[0]["fields"].Items();
  ASSERT_EQ(spec.size(), 2u);
  EXPECT_EQ(spec[0]["source-id"].Integer(), 17);
  EXPECT_EQ(spec[1]["source-id"].Integer(), 18);
  EXPECT_EQ(spec[1]["field-id"].Integer(), 1001);
  const JsonView properties = document["properties"];
  EXPECT_EQ(properties["shoestring.partition-by"].Text(), "c8:month");
  EXPECT_EQ(properties["write.data.path"].Text(), std::string(kRoot) + "/data/t");
}

TEST(IcebergMetadataTest, PartitionColumnKeepsItsColons) {
  TableMetadata table = SampleTable("t", Granularity::kYear);
  table.partitioning.column = "a:b:month";
  EXPECT_EQ(ParseIcebergMetadata(FormatIcebergMetadata(table, kRoot, kList), "t").table,
            table);
}

TEST(IcebergMetadataTest, RefusesColumnsNamedAsPartitions) {
  for (const char* name : {"year", "Month"}) {
    TableMetadata table = SampleTable("t", Granularity::kMonth);
    table.columns[3].name = name;
    EXPECT_EQ(KindOf([&] { FormatIcebergMetadata(table, kRoot, kList); }),
              ErrorKind::kUnsupported);
    table.partitioning = {};
    EXPECT_EQ(ParseIcebergMetadata(FormatIcebergMetadata(table, kRoot, kList), "t").table,
              table);
  }
}

TEST(IcebergMetadataTest, RefusesTablesThatAreNotFilledIn) {
  TableMetadata table = SampleTable("t", Granularity::kNone);
  table.snapshot_id = 0;
  EXPECT_EQ(KindOf([&] { FormatIcebergMetadata(table, kRoot, kList); }),
            ErrorKind::kInternal);
}

TEST(IcebergMetadataTest, KeysBelow) {
  EXPECT_EQ(KeyBelow("s3://b/p", "s3://b/p/data/x", "m"), "data/x");
  for (const char* path : {"s3://b/p", "s3://b/p/", "s3://b/pq/data/x", "s3://b/p/../x",
                           "s3://b/p//x", "/etc/passwd", ""}) {
    EXPECT_EQ(KindOf([&] { KeyBelow("s3://b/p", path, "m"); }), ErrorKind::kCorrupt)
        << path;
  }
}

/// Replaces one text by another in good metadata.
std::string Damage(std::string_view from, std::string_view to) {
  std::string json =
      FormatIcebergMetadata(SampleTable("t", Granularity::kMonth), kRoot, kList);
  const size_t found = json.find(from);
  EXPECT_NE(found, std::string::npos) << from;
  return json.replace(found, from.size(), to);
}

TEST(IcebergMetadataTest, RefusesAndSaysWhere) {
  const struct {
    const char* from;
    const char* to;
    const char* message;
  } cases[] = {
      {"{", "", "t: no valid JSON at byte"},
      {R"("format-version":2)", R"("format-version":3)", "version 2"},
      {R"("format-version":2)", R"("format-version":"2")",
       "format-version is not a 64-bit"},
      {R"("location")", R"("l")", "t.location is missing"},
      {"/catalog/t\"", "/t/\"", "t.location is not <lake>/catalog/<table>"},
      {R"("current-schema-id":0)", R"("current-schema-id":1)", "is not in schemas: 1"},
      {R"("type":"boolean")", R"("type":"uuid")", "fields[1].type is no type of a lake"},
      {"decimal(18, 2)", "decimal(18,2)", "fields[5].type is no type"},
      {"decimal(18, 2)", "decimal(39, 2)", "fields[5].type is no type"},
      {"decimal(18, 2)", "decimal(8, 9)", "fields[5].type is no type"},
      {R"("id":2)", R"("id":1)", "field id is used twice"},
      {R"("element-id":15)", R"("element-id":1)", "field id is used twice"},
      {R"("type":"list")", R"("type":"map")", "fields[12].type is no type of a lake"},
      {R"("transform":"identity")", R"("transform":"bucket[4]")", "does not fit"},
      {R"("name":"year")", R"("name":"y")", "does not fit"},
      {"c8:month", "c8:day", "does not fit"},
      {"c8:month", "c8", "is not COLUMN:UNIT"},
      {"catalog/t/run-snap.avro", "../run-snap.avro", "outside the lake"},
      {R"("snapshots")", R"("snapshot")", "t.snapshots is missing"},
  };
  for (const auto& [from, to, message] : cases) {
    try {
      ParseIcebergMetadata(Damage(from, to), "t");
      ADD_FAILURE() << "no error: " << from << " → " << to;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kCorrupt);
      EXPECT_THAT(error.what(), HasSubstr(message));
    }
  }
}

TEST(IcebergMetadataTest, AnyChangeIsReadOrRefused) {
  const std::string original =
      FormatIcebergMetadata(SampleTable("t", Granularity::kDay), kRoot, kList);
  std::mt19937 random(20250102);
  for (int round = 0; round < 5000; ++round) {
    std::string json = original;
    for (int change = 0; change < 1 + round % 3; ++change) {
      constexpr std::string_view kLikely = "0123456789\"{}[]:,-.enul/";
      json[random() % json.size()] = kLikely[random() % kLikely.size()];
    }
    if (round % 10 == 0) json.resize(random() % json.size());
    try {
      ParseIcebergMetadata(json, "t");
    } catch (const Error& error) {
      ASSERT_EQ(error.kind(), ErrorKind::kCorrupt) << error.what();
    }
  }
}

}  // namespace
}  // namespace shoestring
