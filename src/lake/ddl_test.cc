#include "lake/ddl.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "lake/declarations.h"
#include "lake/glue_table.h"

namespace shoestring {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Kind = LakeType::Kind;

TableMetadata Holdings() {
  TableMetadata table{.name = "fund_holdings"};
  table.columns = {
      {.name = "id", .type = {.kind = Kind::kLong}, .field_id = 1},
      {.name = "shares",
       .type = {.kind = Kind::kDecimal, .precision = 20, .scale = 4},
       .field_id = 2,
       .comment = "the fund's"},
      {.name = "tags",
       .type = {.kind = Kind::kList, .element = {{.kind = Kind::kString}}},
       .field_id = 3,
       .element_id = 4},
      {.name = "created_at", .type = {.kind = Kind::kTimestampTz}, .field_id = 5}};
  table.partitioning = {Granularity::kMonth, "filing_date"};
  table.files = {{.key = "a", .partition = {0, 0}, .rows = 2},
                 {.key = "b", .partition = {2024, 1}, .rows = 5},
                 {.key = "c", .partition = {2024, 1}, .rows = 5},
                 {.key = "d", .partition = {2025, 12}, .rows = 5}};
  return table;
}

TableMetadata Companies() {
  TableMetadata table{.name = "companies"};
  table.columns = {{.name = "name", .type = {.kind = Kind::kString}, .field_id = 1}};
  table.files = {{.key = "a", .rows = 7}};
  return table;
}

TableDeclaration Declared(const TableMetadata& table, DeclarationStyle style) {
  return Declare(
      table, "catalog/t/1-a.metadata.json",
      {.style = style, .database = "example", .lake = "s3://b/l", .this_year = 2026});
}

constexpr auto kIceberg = DeclarationStyle::kIceberg;
constexpr auto kProjection = DeclarationStyle::kProjection;
constexpr auto kPartitions = DeclarationStyle::kPartitions;

TEST(Ddl, AthenaWithProjection) {
  EXPECT_THAT(
      DdlStatements(Declared(Holdings(), kProjection), DdlDialect::kAthena),
      ElementsAre(R"(CREATE EXTERNAL TABLE IF NOT EXISTS `example`.`fund_holdings` (
  `id` bigint,
  `shares` decimal(20,4) COMMENT 'the fund\'s',
  `tags` array<string>,
  `created_at` timestamp
)
PARTITIONED BY (`year` int, `month` int)
STORED AS PARQUET
LOCATION 's3://b/l/data/fund_holdings/'
TBLPROPERTIES (
  'classification' = 'parquet',
  'projection.enabled' = 'true',
  'projection.month.range' = '1,12',
  'projection.month.type' = 'integer',
  'projection.year.range' = '2024,2031',
  'projection.year.type' = 'integer',
  'shoestring.lake' = 's3://b/l',
  'storage.location.template' = 's3://b/l/data/fund_holdings/year=${year}/month=${month}/'
))"));
}

TEST(Ddl, WhatProjectionHidesIsSaid) {
  const std::string file =
      FormatDdl({Declared(Holdings(), kProjection)}, DdlDialect::kAthena);
  EXPECT_THAT(file,
              HasSubstr("-- fund_holdings: 2 rows are outside of the projected years "
                        "2024 to 2031"));
  EXPECT_THAT(file, HasSubstr("year=0/month=0"));
  EXPECT_EQ(DeclarationNote(Declared(Holdings(), kPartitions)), "");
}

TEST(Ddl, MsckOnlyWhereItDoesSomething) {
  const auto repairs = [](const TableMetadata& table, DeclarationStyle style) {
    const auto file = FormatDdl({Declared(table, style)}, DdlDialect::kAthena);
    return file.find("MSCK REPAIR TABLE") != std::string::npos;
  };
  EXPECT_TRUE(repairs(Holdings(), kPartitions));
  EXPECT_FALSE(repairs(Holdings(), kProjection));
  EXPECT_FALSE(repairs(Companies(), kPartitions));
  EXPECT_FALSE(repairs(Companies(), kProjection));
}

TEST(Ddl, Trino) {
  const auto statements =
      DdlStatements(Declared(Holdings(), kPartitions), DdlDialect::kTrino);
  ASSERT_EQ(statements.size(), 2);
  EXPECT_THAT(statements[0], HasSubstr("\"tags\" array(varchar)"));
  EXPECT_THAT(statements[0], HasSubstr("partitioned_by = ARRAY['year', 'month']"));
  EXPECT_EQ(statements[1],
            "CALL system.sync_partition_metadata('example', 'fund_holdings', 'FULL')");
  EXPECT_THAT(DdlStatements(Declared(Holdings(), kProjection), DdlDialect::kTrino)[0],
              HasSubstr("\"year\" integer WITH (partition_projection_type = 'integer', "
                        "partition_projection_range = ARRAY['2024', '2031'])"));
}

TEST(Ddl, Duckdb) {
  EXPECT_THAT(DdlStatements(Declared(Holdings(), kIceberg), DdlDialect::kDuckdb),
              ElementsAre("CREATE OR REPLACE VIEW \"fund_holdings\" AS\nSELECT * FROM "
                          "iceberg_scan('s3://b/l/catalog/t/1-a.metadata.json')"));
  EXPECT_THAT(
      DdlStatements(Declared(Holdings(), kPartitions), DdlDialect::kDuckdb)[0],
      HasSubstr(
          "read_parquet('s3://b/l/data/fund_holdings/**/*.parquet', "
          "hive_partitioning = true, hive_types = {'year': INTEGER, 'month': INTEGER})"));
}

TEST(Ddl, IcebergIsGluesAffair) {
  const std::string file =
      FormatDdl({Declared(Companies(), kIceberg)}, DdlDialect::kAthena);
  EXPECT_THAT(file, HasSubstr("aws glue create-table --database-name 'example'"));
  EXPECT_THAT(file,
              HasSubstr(R"("metadata_location":"s3://b/l/catalog/t/1-a.metadata.json")"));
}

TEST(Ddl, NamesAndTextsAreQuoted) {
  TableMetadata table = Companies();
  table.name = "Sales.Orders";
  table.columns[0].name = "a`b\"c";
  table.columns[0].comment = "it's a \\ line\nand another";
  const auto declared = Declared(table, kPartitions);
  EXPECT_EQ(declared.name, "sales_orders");
  EXPECT_EQ(declared.location, "s3://b/l/data/Sales.Orders");
  EXPECT_THAT(DdlStatements(declared, DdlDialect::kAthena)[0],
              HasSubstr("`a``b\"c` string COMMENT 'it\\'s a \\\\ line and another'"));
  EXPECT_THAT(DdlStatements(declared, DdlDialect::kTrino)[0],
              HasSubstr("\"a`b\"\"c\" varchar COMMENT 'it''s a \\ line and another'"));
}

TEST(GlueTable, CommentsFit) {
  EXPECT_EQ(GlueComment(std::string(254, 'x') + "ä").size(), 254);
  EXPECT_EQ(GlueComment(std::string(253, 'x') + "ä").size(), 255);
}

GlueTable There(const TableDeclaration& table) {
  return ParseGlueTable(fmt::format(R"({{"Table": {}}})", FormatGlueTable(table)));
}

TEST(GlueTable, WhatIsTheSameDoesNotDiffer) {
  for (const auto style : {kIceberg, kProjection, kPartitions}) {
    const auto table = Declared(Holdings(), style);
    EXPECT_THAT(Differences(There(table), table), IsEmpty());
  }
}

TEST(GlueTable, WhatDiffersIsSaid) {
  const auto wanted = Declared(Holdings(), kProjection);
  TableMetadata older = Holdings();
  older.columns[1].type.precision = 18;
  older.files.pop_back();
  older.files.push_back({.key = "e", .partition = {2023, 1}, .rows = 5});
  GlueTable there = There(Declared(older, kProjection));
  there.facts["property owner"] = "somebody";
  EXPECT_THAT(Differences(there, wanted),
              ElementsAre("- column 002: shares decimal(18,4) 'the fund's'",
                          "+ column 002: shares decimal(20,4) 'the fund's'",
                          "- property projection.year.range: 2023,2031",
                          "+ property projection.year.range: 2024,2031"));
  EXPECT_THAT(there.ForeignProperties(), testing::Contains(testing::Key("owner")));
}

TEST(GlueTable, AnotherStyleTakesThePropertiesOfTheOldOneAway) {
  const auto lines = Differences(There(Declared(Holdings(), kProjection)),
                                 Declared(Holdings(), kIceberg));
  EXPECT_THAT(lines, testing::Contains("- property projection.enabled: true"));
  EXPECT_THAT(lines, testing::Contains("+ property table_type: ICEBERG"));
  EXPECT_THAT(lines, testing::Contains("- partition column 001: year int"));
}

TEST(GlueTable, Partitions) {
  const auto found = ParseGluePartitions(
      R"({"Partitions": [{"Values": ["2024", "3"]}, {"Values": ["0", "0"]}], "NextToken": "x"})");
  EXPECT_THAT(found.partitions,
              ElementsAre(PartitionValues{2024, 3}, PartitionValues{0, 0}));
  EXPECT_EQ(found.next_token, "x");
  EXPECT_THROW(ParseGluePartitions(R"({"Partitions": [{"Values": ["x"]}]})"), Error);
  EXPECT_THROW(ParseGlueTable("{}"), Error);
}

TEST(Declarations, BothWays) {
  const std::vector<DeclaredTable> tables = {
      {"companies", kIceberg, "us-east-1", "example", "companies", "s3://b/l"},
      {"sales.orders", kPartitions, "eu-west-1", "e\"x", "sales_orders", "file:///l"}};
  const std::string text = FormatDeclarations(tables);
  EXPECT_EQ(ParseDeclarations(text), tables);
  EXPECT_THAT(ParseDeclarations(FormatDeclarations({})), IsEmpty());
  std::string damaged = text;
  damaged[damaged.find("s3://b/l")] = 'S';
  EXPECT_THROW(ParseDeclarations(damaged), Error);
  EXPECT_THROW(ParseDeclarations("{}"), Error);
}

}  // namespace
}  // namespace shoestring
