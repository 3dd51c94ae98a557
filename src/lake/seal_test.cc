#include "lake/seal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "lake/test_lake.h"

namespace shoestring {
namespace {

Seal SampleSeal() {
  return {.table = "t \"x\"",
          .run = "r",
          .columns = {{"id", "int8"}, {"tags", "text[]"}},
          .metadata = {{"catalog/t/r.metadata.json", 5, ChecksumOf("metadata")}},
          .partitions = {{"year=2024/month=3", {2, ~Uint128{0}}}, {"year=0/month=0", {}}},
          .files = {{"data/t/f.parquet", 7, ChecksumOf("file"), {2, ~Uint128{0}}}}};
}

TEST(SealTest, ComesBackAndIsReadable) {
  EXPECT_EQ(ParseSeal(FormatSeal(SampleSeal()), "seal"), SampleSeal());
  EXPECT_EQ(ParseSeal(FormatSeal({}), "seal"), Seal{});
  EXPECT_EQ(FormatSeal(SampleSeal()),
            R"({
  "version": 1,
  "table": "t \"x\"",
  "run": "r",
  "columns": [
    {"name":"id","form":"int8"},
    {"name":"tags","form":"text[]"}
  ],
  "metadata": [
    {"key":"catalog/t/r.metadata.json","bytes":5,"xxh3":")" +
                ChecksumOf("metadata") + R"("}
  ],
  "partitions": [
    {"path":"year=2024/month=3","rows":2,"sum":"ffffffffffffffffffffffffffffffff"},
    {"path":"year=0/month=0","rows":0,"sum":"00000000000000000000000000000000"}
  ],
  "files": [
    {"key":"data/t/f.parquet","bytes":7,"xxh3":")" +
                ChecksumOf("file") +
                R"(","rows":2,"sum":"ffffffffffffffffffffffffffffffff"}
  ]
}
)");
}

TEST(SealTest, RefusesAndSaysWhere) {
  const std::string good = FormatSeal(SampleSeal());
  const struct {
    std::string from, to, message;
  } cases[] = {
      {"\"version\": 1", "\"version\": 2", "use a newer one"},
      {"\"table\"", "\"tabel\"", "table is missing"},
      {"\"bytes\":7", "\"bytes\":-7", "files[0].bytes is negative"},
      {"data/t/f.parquet", "../f.parquet", "files[0].key is not a key"},
      {"\"sum\":\"ff", "\"sum\":\"FF", "partitions[0].sum is no checksum"},
  };
  for (const auto& [from, to, message] : cases) {
    std::string bad = good;
    bad.replace(bad.find(from), from.size(), to);
    try {
      ParseSeal(bad, "seal");
      ADD_FAILURE() << message;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kCorrupt);
      EXPECT_THAT(error.what(), testing::HasSubstr(message));
    }
  }
}

TEST(SealTest, KeysNameTheirPartition) {
  EXPECT_EQ(PartitionOfKey("data/t/year=2024/month=3/f.parquet", "t"),
            "year=2024/month=3");
  EXPECT_EQ(PartitionOfKey("data/t/f.parquet", "t"), "");
  EXPECT_EQ(PartitionOfKey("f", "t"), "");
}

}  // namespace
}  // namespace shoestring
