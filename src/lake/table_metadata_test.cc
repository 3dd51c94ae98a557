#include "lake/table_metadata.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace shoestring {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::MatchesRegex;

TEST(TableMetadataTest, TypesAsIcebergWritesThem) {
  using Kind = LakeType::Kind;
  const std::pair<LakeType, const char*> cases[] = {
      {{.kind = Kind::kBoolean}, "boolean"},
      {{.kind = Kind::kDecimal, .precision = 18, .scale = 2}, "decimal(18, 2)"},
      {{.kind = Kind::kTimestampTz}, "timestamptz"},
      {{.kind = Kind::kBinary}, "binary"},
      {{.kind = Kind::kList, .element = {{.kind = Kind::kString}}}, "list<string>"},
  };
  for (const auto& [type, text] : cases) EXPECT_EQ(ToString(type), text);
}

TEST(TableMetadataTest, Partitions) {
  EXPECT_THAT(PartitionColumns(Granularity::kNone), IsEmpty());
  EXPECT_THAT(PartitionColumns(Granularity::kDay), ElementsAre("year", "month", "day"));
  EXPECT_EQ(PartitionPath({}), "");
  EXPECT_EQ(PartitionPath({2024}), "year=2024");
  EXPECT_EQ(PartitionPath({2024, 3}), "year=2024/month=3");
  EXPECT_EQ(PartitionPath({0, 0, 0}), "year=0/month=0/day=0");
  EXPECT_EQ(PartitionPath({-44, 3}), "year=-44/month=3");
}

TEST(TableMetadataTest, GranularityComesBack) {
  for (const char* text : {"none", "year", "month", "day"}) {
    EXPECT_EQ(ToString(ParseGranularity(text).value()), text);
  }
  EXPECT_FALSE(ParseGranularity(""));
  EXPECT_FALSE(ParseGranularity("Month"));
}

TEST(TableMetadataTest, NewIds) {
  std::set<std::string> uuids;
  std::set<int64_t> snapshots;
  for (int i = 0; i < 1000; ++i) {
    const std::string uuid = NewTableUuid();
    EXPECT_THAT(uuid, MatchesRegex("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-"
                                   "[89ab][0-9a-f]{3}-[0-9a-f]{12}"));
    uuids.insert(uuid);
    const int64_t snapshot = NewSnapshotId();
    EXPECT_GT(snapshot, 0);
    snapshots.insert(snapshot);
  }
  EXPECT_EQ(uuids.size(), 1000u);
  EXPECT_EQ(snapshots.size(), 1000u);
}

TEST(TableMetadataTest, Keys) {
  for (const char* key : {"a", "data/t/year=2024/f.parquet", "a b/ü/..c", "runs/.x"}) {
    EXPECT_TRUE(IsObjectKey(key)) << key;
  }
  for (const char* key :
       {"", "/", "/a", "a/", "a//b", "..", "../a", "a/..", "a/../b", ".", "a/./b"}) {
    EXPECT_FALSE(IsObjectKey(key)) << key;
  }
  EXPECT_FALSE(IsObjectKey(std::string_view("a\0b", 3)));
}

TEST(TableMetadataTest, FolderNames) {
  for (const char* name : {"a", "fund holdings", "Ü日", "a_", "'\"$&"}) {
    EXPECT_TRUE(IsFolderName(name)) << name;
  }
  for (const char* name : {"", "_a", ".a", "a.b", "a/b", "a\\b", "50%", "a=b", "a?", "#a",
                           "a*", "a\nb", "a\x7F"}) {
    EXPECT_FALSE(IsFolderName(name)) << name;
  }
}

}  // namespace
}  // namespace shoestring
