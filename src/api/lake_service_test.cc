#include "api/lake_service.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace shoestring {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

LakeServiceOptions Read(std::string_view toml) {
  return ReadLakeServiceOptions(Settings::Parse(toml, "shoestring.toml"));
}

TEST(LakeServiceOptions, AreReadFromSettings) {
  const LakeServiceOptions options = Read(
      "lake = 's3://bucket'\nengine = 'trino'\n[serve]\nschema = 'public,sales'\n"
      "queries = 'sql'\nmax_rows = 0\nmax_bytes = '5MB'\nmemory = '1GB'\n");
  EXPECT_EQ(options.lake, "s3://bucket");
  EXPECT_EQ(options.rest.engine, "trino");
  EXPECT_THAT(options.rest.schemas, ElementsAre("public", "sales"));
  EXPECT_EQ(options.rest.queries, "sql");
  EXPECT_EQ(options.rest.max_rows, 0);
  EXPECT_EQ(options.rest.max_bytes, 5'000'000);
  EXPECT_EQ(options.rest.limits.memory_bytes, 1'000'000'000);
}

TEST(LakeServiceOptions, WhatIsNotSetIsAsUsual) {
  const LakeServiceOptions options = Read("");
  EXPECT_EQ(options.rest.engine, "duckdb");
  EXPECT_THAT(options.rest.schemas, IsEmpty());
  EXPECT_EQ(options.rest.max_rows, RestOptions().max_rows);
}

TEST(LakeServiceOptions, WhatIsNoNumberIsRefused) {
  EXPECT_THROW(Read("[serve]\nmax_rows = 'many'"), Error);
  EXPECT_THROW(Read("[serve]\nmax_rows = -1"), Error);
  EXPECT_THROW(Read("[serve]\nmax_bytes = 'much'"), Error);
}

TEST(LakeService, NeedsALakeAndAKey) {
  EXPECT_THROW(LakeService({}, Settings(), {}), Error);
  LakeServiceOptions options;
  options.lake = "/nowhere";
  EXPECT_THROW(LakeService(options, Settings(), {}), Error);
}

}  // namespace
}  // namespace shoestring
