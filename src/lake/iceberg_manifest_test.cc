#include "lake/iceberg_manifest.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "lake/avro.h"
#include "lake/test_lake.h"

namespace shoestring {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::string_view kRoot = "file:///data/lake";

std::vector<DataFile> SampleFiles(const TableMetadata& table, int count) {
  std::vector<DataFile> files;
  for (int n = 0; n < count; ++n) files.push_back(SampleFile(table, n));
  return files;
}

class IcebergManifestTest : public testing::TestWithParam<Granularity> {};

TEST_P(IcebergManifestTest, ComesBack) {
  const TableMetadata table = SampleTable("t", GetParam());
  auto files = SampleFiles(table, 50);
  files[3].columns.clear();
  files[4].split_offsets.clear();
  files[5].columns[1].lower.reset();
  const std::string bytes = EncodeManifest(table, files, kRoot);
  EXPECT_EQ(DecodeManifest(AsBytes(bytes), kRoot, "m"), files);

  const std::vector<ManifestFile> manifests = {
      DescribeManifest("catalog/t/m0", static_cast<int64_t>(bytes.size()), files),
      DescribeManifest("catalog/t/m1", 7, std::span(files).first(1))};
  const std::string list = EncodeManifestList(table, manifests, kRoot);
  EXPECT_EQ(DecodeManifestList(AsBytes(list), kRoot, "l"), manifests);
}

INSTANTIATE_TEST_SUITE_P(All, IcebergManifestTest,
                         testing::Values(Granularity::kNone, Granularity::kYear,
                                         Granularity::kMonth, Granularity::kDay));

TEST(IcebergManifestTest, Summaries) {
  const TableMetadata table = SampleTable("t", Granularity::kMonth);
  auto files = SampleFiles(table, 3);
  files[0].partition = {2023, 12};
  files[1].partition = {0, 0};
  files[2].partition = {2024, 3};
  const ManifestFile manifest = DescribeManifest("m", 1, files);
  EXPECT_THAT(manifest.lower, ElementsAre(0, 0));
  EXPECT_THAT(manifest.upper, ElementsAre(2024, 12));
  EXPECT_EQ(manifest.files, 3);
  EXPECT_EQ(manifest.rows, 303);
}

TEST(IcebergManifestTest, EmptyListHasNoManifests) {
  const std::string list =
      EncodeManifestList(SampleTable("t", Granularity::kMonth), {}, kRoot);
  EXPECT_THAT(DecodeManifestList(AsBytes(list), kRoot, "l"), ElementsAre());
}

TEST(IcebergManifestTest, RefusesFilesOfAnotherPartitioning) {
  const TableMetadata table = SampleTable("t", Granularity::kMonth);
  auto files = SampleFiles(table, 1);
  files[0].partition = {2024};
  EXPECT_EQ(KindOf([&] { EncodeManifest(table, files, kRoot); }), ErrorKind::kInternal);
}

/// A manifest with fields in another order, unions turned round, ids that we do not know
/// and a deleted file.
std::string ForeignManifest() {
  constexpr std::string_view kSchema = R"({"type":"record","name":"manifest_entry",
    "fields":[{"name":"new","field-id":9000,"type":{"type":"map","values":"bytes"}},
    {"name":"data_file","field-id":2,"type":{"type":"record","name":"r2","fields":[
      {"name":"record_count","field-id":103,"type":"long"},
      {"name":"nan_value_counts","field-id":137,"type":["null",{"type":"array",
        "logicalType":"map","items":{"type":"record","name":"k138_v139","fields":[
        {"name":"key","type":"int","field-id":138},
        {"name":"value","type":"long","field-id":139}]}}]},
      {"name":"upper_bounds","field-id":128,"type":[{"type":"array","logicalType":"map",
        "items":{"type":"record","name":"k129_v130","fields":[
        {"name":"key","type":"int","field-id":129},
        {"name":"value","type":"bytes","field-id":130}]}},"null"]},
      {"name":"partition","field-id":102,"type":{"type":"record","name":"r102","fields":[
        {"name":"year","field-id":1000,"type":["int","null"]}]}},
      {"name":"file_path","field-id":100,"type":"string"},
      {"name":"file_size_in_bytes","field-id":104,"type":"long"}]}},
    {"name":"status","field-id":0,"type":"int"}]})";
  AvroEncoder out;
  for (const int status : {1, 2, 0}) {
    out.OpenArray(1);
    out.Text("key");
    out.Text("value");
    out.CloseArray();
    out.Long(10 + status);  // Rows.
    out.Long(1);
    out.OpenArray(1);
    out.Long(4);
    out.Long(0);
    out.CloseArray();
    out.Long(0);
    out.OpenArray(2);  // Bounds, ids not in order.
    for (const int id : {6, 4}) {
      out.Long(id);
      out.Text(std::to_string(id));
    }
    out.CloseArray();
    out.Long(1);  // A null year.
    out.Text("file:///data/lake/data/t/" + std::to_string(status));
    out.Long(99);
    out.Long(status);
  }
  return EncodeAvroFile(kSchema, {}, {{.records = 3, .bytes = std::move(out).Take()}});
}

TEST(IcebergManifestTest, ReadsOtherWriters) {
  const std::string bytes = ForeignManifest();
  const auto files = DecodeManifest(AsBytes(bytes), kRoot, "m");
  ASSERT_EQ(files.size(), 2u);
  EXPECT_EQ(files[0].key, "data/t/1");
  EXPECT_EQ(files[1].key, "data/t/0");
  EXPECT_EQ(files[0].rows, 11);
  EXPECT_EQ(files[0].bytes, 99);
  EXPECT_THAT(files[0].partition, ElementsAre(0));
  ASSERT_EQ(files[0].columns.size(), 2u);
  EXPECT_EQ(files[0].columns.at(4).upper, "4");
  EXPECT_EQ(files[0].columns.at(6).upper, "6");
}

TEST(IcebergManifestTest, RefusesFilesOutsideTheLake) {
  const TableMetadata table = SampleTable("t", Granularity::kNone);
  auto files = SampleFiles(table, 1);
  for (const char* key : {"../../etc/passwd", "/etc/passwd", ""}) {
    files[0].key = key;
    const std::string bytes = EncodeManifest(table, files, kRoot);
    EXPECT_EQ(KindOf([&] { DecodeManifest(AsBytes(bytes), kRoot, "m"); }),
              ErrorKind::kCorrupt)
        << key;
  }
}

TEST(IcebergManifestTest, RefusesAnotherSchema) {
  const std::string list =
      EncodeManifestList(SampleTable("t", Granularity::kNone), {}, kRoot);
  try {
    DecodeManifest(AsBytes(list), kRoot, "m.avro");
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("m.avro: the Avro schema has no field 0"));
  }
}

TEST(IcebergManifestTest, RefusesNegativeCounts) {
  const TableMetadata table = SampleTable("t", Granularity::kNone);
  auto files = SampleFiles(table, 1);
  files[0].rows = -1;
  const std::string bytes = EncodeManifest(table, files, kRoot);
  EXPECT_EQ(KindOf([&] { DecodeManifest(AsBytes(bytes), kRoot, "m"); }),
            ErrorKind::kCorrupt);
}

template <typename Decode>
void MutateAndDecode(const std::string& original, const Decode& decode) {
  std::mt19937 random(20250103);
  for (int round = 0; round < 10000; ++round) {
    std::string bytes = original;
    for (int change = 0; change < 1 + round % 5; ++change) {
      bytes[random() % bytes.size()] = static_cast<char>(random());
    }
    if (round % 10 == 0) bytes.resize(random() % bytes.size());
    try {
      decode(bytes);
    } catch (const Error& error) {
      ASSERT_EQ(error.kind(), ErrorKind::kCorrupt) << error.what();
    }
  }
}

TEST(IcebergManifestTest, AnyChangeIsReadOrRefused) {
  const TableMetadata table = SampleTable("t", Granularity::kMonth);
  const auto files = SampleFiles(table, 3);
  MutateAndDecode(EncodeManifest(table, files, kRoot), [](const std::string& bytes) {
    DecodeManifest(AsBytes(bytes), kRoot, "m");
  });
  MutateAndDecode(ForeignManifest(), [](const std::string& bytes) {
    DecodeManifest(AsBytes(bytes), kRoot, "m");
  });
  const ManifestFile manifest = DescribeManifest("catalog/t/m", 9, files);
  MutateAndDecode(
      EncodeManifestList(table, {{manifest, manifest}}, kRoot),
      [](const std::string& bytes) { DecodeManifestList(AsBytes(bytes), kRoot, "l"); });
}

}  // namespace
}  // namespace shoestring
