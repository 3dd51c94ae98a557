#include "cost/prices.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace shoestring {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;

constexpr std::string_view kAws = R"(
as_of = "2030-02-01"
[s3.standard]
gb_month = 0.02
get_per_1000 = 0.0005
[athena]
tb_scanned = 5.0
minimum_bytes = 10485760
)";
constexpr std::string_view kSupabase = R"(
as_of = "2030-01-01"
[free]
database_mb = 500
storage_gb = 1
[pro]
month = 25
compute_credit = 10
disk_included_gb = 8
disk_gb_month = 0.125
[[compute]]
name = "Micro"
month = 10
max_connections = 60
[[compute]]
name = "Medium"
month = 60
max_connections = 120
)";

TEST(PricesTest, ShippedTablesAreComplete) {
  const Prices& prices = ShippedPrices();
  EXPECT_THAT(prices.as_of, MatchesRegex("20[0-9]{2}-[0-9]{2}-[0-9]{2}"));
  EXPECT_GT(prices.s3_gb_month, 0);
  EXPECT_GT(prices.athena_tb_scanned, 0);
  EXPECT_GT(prices.pro_month, 0);
  EXPECT_GE(prices.compute.size(), 3u);
  EXPECT_LT(prices.compute.front().month, prices.compute.back().month);
}

TEST(PricesTest, ReadsBothTables) {
  const Prices prices = ParsePrices(kAws, kSupabase);
  EXPECT_EQ(prices.s3_gb_month, 0.02);
  EXPECT_EQ(prices.s3_get_per_1000, 0.0005);
  EXPECT_EQ(prices.athena_tb_scanned, 5);
  EXPECT_EQ(prices.athena_minimum_bytes, 10485760);
  EXPECT_EQ(prices.free_database_bytes, 500'000'000);
  EXPECT_EQ(prices.free_storage_bytes, 1'000'000'000);
  EXPECT_EQ(prices.pro_month, 25);
  ASSERT_EQ(prices.compute.size(), 2u);
  EXPECT_EQ(prices.compute[1].name, "Medium");
  EXPECT_EQ(prices.compute[1].month, 60);
  EXPECT_EQ(prices.compute[1].max_connections, 120);
}

TEST(PricesTest, TheOlderDateCounts) {
  EXPECT_EQ(ParsePrices(kAws, kSupabase).as_of, "2030-01-01");
}

TEST(PricesTest, AMissingPriceIsNamed) {
  try {
    ParsePrices("as_of = \"2030-01-01\"", kSupabase);
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("s3.standard.gb_month"));
  }
  EXPECT_THROW(ParsePrices("= nonsense", kSupabase), Error);
}

}  // namespace
}  // namespace shoestring
