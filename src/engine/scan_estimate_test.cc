#include "engine/scan_estimate.h"

#include <arrow/api.h>
#include <gtest/gtest.h>

#include <numeric>
#include <random>

#include "base/error.h"
#include "engine/duckdb_engine.h"
#include "engine/query_price.h"
#include "engine/test_lake.h"

namespace shoestring {
namespace {

using Kind = LakeType::Kind;

constexpr int64_t kRows = 1000;
constexpr int64_t kRowGroup = 100;

LakeColumn Column(const std::string& name, Kind kind) {
  LakeColumn column;
  column.name = name;
  column.type.kind = kind;
  return column;
}

std::shared_ptr<arrow::Array> Numbers(int64_t first) {
  std::vector<int64_t> values(kRows);
  std::iota(values.begin(), values.end(), first);
  arrow::Int64Builder builder;
  EXPECT_TRUE(builder.AppendValues(values).ok());
  return builder.Finish().ValueOrDie();
}

std::shared_ptr<arrow::Array> Texts() {
  arrow::StringBuilder builder;
  for (int64_t i = 0; i < kRows; ++i) {
    EXPECT_TRUE(builder.Append("text " + std::to_string(i * 7919 % kRows)).ok());
  }
  return builder.Finish().ValueOrDie();
}

/// Twelve months of 1,000 rows in ten row groups, sorted by id, and the table beside it.
class ScanEstimateTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    lake_ = new TestLake;
    auto orders = TestLake::Table(
        "orders", {Column("id", Kind::kLong), Column("note", Kind::kString)},
        {Granularity::kMonth, "at"});
    for (int month = 1; month <= 12; ++month) {
      lake_->AddFile(&orders, {2024, month}, {Numbers(kRows * month), Texts()},
                     kRowGroup);
    }
    auto small = TestLake::Table("small", {Column("id", Kind::kLong)});
    lake_->AddFile(&small, {}, {Numbers(0)});
    lake_->Commit({orders, small});
  }
  static void TearDownTestSuite() {
    delete lake_;
    lake_ = nullptr;
  }

  StatementPlan Plan(const std::string& sql, std::vector<Parameter> parameters = {}) {
    return planner_->Plan({sql, std::move(parameters)}, {});
  }

  ScanEstimate Estimate(const std::string& sql, std::vector<Parameter> parameters = {}) {
    return EstimateScan(Plan(sql, std::move(parameters)), lake_->store());
  }

  TableEstimate OfOrders(const std::string& sql, std::vector<Parameter> parameters = {}) {
    for (auto& table : Estimate(sql, std::move(parameters)).tables) {
      if (table.table == "orders") return table;
    }
    ADD_FAILURE() << "orders is not part of it: " << sql;
    return {};
  }

  static TestLake* lake_;
  std::unique_ptr<StatementPlanner> planner_ = OpenStatementPlanner(lake_->store());
};

TestLake* ScanEstimateTest::lake_ = nullptr;

TEST_F(ScanEstimateTest, AllOfATable) {
  const auto orders = OfOrders("SELECT * FROM orders");
  EXPECT_EQ(orders.files, 12);
  EXPECT_EQ(orders.lake_files, 12);
  EXPECT_EQ(orders.row_groups, 120);
  EXPECT_EQ(orders.columns, (std::set<std::string>{"id", "note"}));
  EXPECT_GT(orders.column_bytes, orders.lake_bytes / 2);
  EXPECT_LT(orders.column_bytes, orders.lake_bytes);
  EXPECT_EQ(orders.trino.bytes, orders.lake_bytes);  // Small files are read whole.
  EXPECT_EQ(orders.trino.requests, 12);
}

TEST_F(ScanEstimateTest, OnlyTheColumnsThatAreNeeded) {
  const auto all = OfOrders("SELECT * FROM orders");
  const auto one = OfOrders("SELECT max(id) FROM orders");
  EXPECT_EQ(one.columns, std::set<std::string>{"id"});
  EXPECT_LT(one.column_bytes, all.column_bytes / 2);
}

TEST_F(ScanEstimateTest, PartitionsRuleOutFiles) {
  EXPECT_EQ(OfOrders("SELECT * FROM orders WHERE month = 3").files, 1);
  EXPECT_EQ(OfOrders("SELECT * FROM orders WHERE month > ?", {int64_t{10}}).files, 2);
  EXPECT_EQ(OfOrders("SELECT * FROM orders WHERE year = 1999").files, 0);
}

TEST_F(ScanEstimateTest, BoundsRuleOutFilesAndRowGroups) {
  const auto orders = OfOrders("SELECT note FROM orders WHERE id = 3123");
  EXPECT_EQ(orders.files, 1);
  EXPECT_EQ(orders.row_groups, 1);
  const auto with = OfOrders("SELECT note FROM orders WHERE id >= $1 AND id < $2",
                             {int64_t{3950}, int64_t{4150}});
  EXPECT_EQ(with.files, 2);
  EXPECT_EQ(with.row_groups, 3);
  EXPECT_LT(with.column_bytes, OfOrders("SELECT id, note FROM orders").column_bytes / 30);
}

TEST_F(ScanEstimateTest, WhatTheCatalogAnswersReadsNothing) {
  const auto orders = OfOrders("SELECT count(*) FROM orders");
  EXPECT_EQ(orders.files, 0);
  EXPECT_EQ(orders.trino, Reads());
  EXPECT_EQ(orders.lake_files, 12);
}

TEST_F(ScanEstimateTest, JoinsAndSubqueriesAreScansOfTheirTables) {
  const auto estimate = Estimate(
      "SELECT * FROM orders JOIN small USING (id) WHERE month = 1 AND note IN "
      "(SELECT max(note) FROM orders WHERE month = 2)");
  ASSERT_EQ(estimate.tables.size(), 2);
  EXPECT_EQ(estimate.tables[0].scans, 2);
  EXPECT_EQ(estimate.tables[0].files, 2);
  EXPECT_EQ(estimate.tables[1].table, "small");
  EXPECT_EQ(estimate.tables[1].files, 1);
}

TEST_F(ScanEstimateTest, OrderWithLimitIsOneScan) {
  EXPECT_EQ(OfOrders("SELECT * FROM orders ORDER BY note LIMIT 3").scans, 1);
}

TEST_F(ScanEstimateTest, TrinoRunsAWithEachTimeThatItIsMentioned) {
  const auto orders = OfOrders(
      "WITH o AS MATERIALIZED (SELECT id, count(*) AS n FROM orders GROUP BY id) "
      "SELECT * FROM o AS a JOIN o AS b ON a.id = b.n");
  EXPECT_EQ(orders.scans, 1);
  EXPECT_EQ(orders.trino.bytes, 2 * orders.lake_bytes);
}

TEST_F(ScanEstimateTest, WrongStatementsAreRefusedAsTheEngineDoes) {
  const auto kind = [&](const std::string& sql) {
    try {
      Plan(sql);
    } catch (const Error& error) {
      return error.kind();
    }
    return ErrorKind::kInternal;
  };
  EXPECT_EQ(kind("SELEC 1"), ErrorKind::kInvalidArgument);
  EXPECT_EQ(kind("SELECT * FROM nowhere"), ErrorKind::kNotFound);
  EXPECT_EQ(kind("SELECT nothing FROM orders"), ErrorKind::kInvalidArgument);
  EXPECT_EQ(kind("DROP VIEW orders"), ErrorKind::kInvalidArgument);
}

TEST_F(ScanEstimateTest, EachSplitOfAManifestReadsForItself) {
  auto plan = Plan("SELECT * FROM orders WHERE id BETWEEN 3000 AND 3999");
  ASSERT_EQ(plan.scans.size(), 1u);
  ASSERT_EQ(plan.scans[0].files.size(), 1u);
  DataFile file = *plan.scans[0].files[0];
  plan.scans[0].files = {&file};
  const auto once = EstimateScan(plan, lake_->store()).tables.at(0).trino;
  EXPECT_EQ(once, (Reads{file.bytes, 1}));
  file.split_offsets.push_back(file.bytes / 2);
  EXPECT_EQ(EstimateScan(plan, lake_->store()).tables.at(0).trino,
            (Reads{2 * file.bytes, 2}));
  file.split_offsets.push_back(file.bytes - 1);  // In which no row group begins.
  EXPECT_EQ(EstimateScan(plan, lake_->store()).tables.at(0).trino,
            (Reads{2 * file.bytes, 3}));
}

TEST_F(ScanEstimateTest, NothingButTheEndsOfFilesIsRead) {
  const auto plan = Plan("SELECT * FROM orders");
  const auto before = lake_->store()->statistics();
  EstimateScan(plan, lake_->store());
  const auto after = lake_->store()->statistics();
  EXPECT_EQ(after.gets - before.gets, 12);
  EXPECT_LE(after.bytes_read - before.bytes_read, 12 * 64 << 10);
}

TEST_F(ScanEstimateTest, EstimateIsWhatDuckdbReadsOfAFolder) {
  for (const std::string sql :
       {"SELECT sum(id) FROM orders", "SELECT max(note) FROM orders WHERE month < 4",
        "SELECT max(note) FROM orders WHERE id BETWEEN 4950 AND 7050"}) {
    const auto engine = OpenDuckdbEngine(lake_->store());  // It has read nothing yet.
    const auto result = engine->Run({sql, {}}, {}, {});
    while (result->Next()) {
    }
    const auto read = static_cast<double>(result->statistics().bytes_read);
    const auto guessed = static_cast<double>(OfOrders(sql).folder.bytes);
    EXPECT_GT(guessed, read / 2) << sql;
    EXPECT_LT(guessed, read * 2) << sql;
  }
}

// --- whether an answer may be given again

TEST_F(ScanEstimateTest, WhatTheTimeOrChanceDecidesIsNotRepeatable) {
  for (const std::string sql :
       {"SELECT now() FROM small", "SELECT id FROM small WHERE id > random()",
        "SELECT current_date - DATE '2024-01-01', id FROM small",
        "SELECT uuid() FROM small", "SELECT * FROM small USING SAMPLE 3",
        "SELECT * FROM small WHERE id IN (SELECT 1000 * random() FROM orders)",
        "SELECT * FROM small ORDER BY random()", "SELECT * FROM duckdb_settings()",
        "SHOW TABLES", "EXPLAIN SELECT * FROM small",
        "SELECT current_timestamp, * FROM small",
        "WITH w AS (SELECT random() AS r) SELECT * FROM small, w"}) {
    EXPECT_FALSE(Plan(sql).repeatable) << sql;
  }
}

TEST_F(ScanEstimateTest, WhatTheTablesAloneDecideIsRepeatable) {
  for (const std::string sql :
       {"SELECT sum(id) FROM small", "SELECT * FROM small ORDER BY id LIMIT 3",
        "SELECT id, row_number() OVER (ORDER BY id) FROM small WHERE id % 2 = 0",
        "SELECT unnest(range(3)), id FROM small",
        "SELECT date_trunc('month', DATE '2024-02-03'), upper(note) FROM orders"}) {
    EXPECT_TRUE(Plan(sql).repeatable) << sql;
  }
}

TEST_F(ScanEstimateTest, VersionsAreThoseOfAllTablesThatAreNamed) {
  const auto plan = Plan("SELECT count(*) FROM orders, (SELECT max(id) FROM small)");
  ASSERT_EQ(plan.versions.size(), 2);
  const auto state = Catalog(lake_->store()).Load();
  EXPECT_EQ(plan.versions.at("orders"), state.tables.at("orders").metadata_checksum);
  EXPECT_EQ(plan.tables.size(), 2);
}

// --- prices

TEST_F(ScanEstimateTest, PricesFollowTheEstimate) {
  const auto estimate = Estimate("SELECT * FROM orders");
  const Prices& prices = ShippedPrices();
  const auto folder = PriceOn("duckdb", estimate, /*bucket=*/false, prices);
  const auto bucket = PriceOn("duckdb", estimate, /*bucket=*/true, prices);
  const auto athena = PriceOn("athena", estimate, /*bucket=*/true, prices);
  EXPECT_EQ(folder->dollars, 0);
  EXPECT_EQ(bucket->reads.requests, 1 + 3 + 12);
  EXPECT_GT(bucket->dollars, 0);
  EXPECT_GT(athena->dollars, 5.0 * 10 / (1 << 20));
  EXPECT_FALSE(PriceOn("postgres", estimate, true, prices));
}

TEST_F(ScanEstimateTest, LimitsAreCheckedBeforehand) {
  const QueryPrice price{"athena", {1000, 3}, 0.01};
  EXPECT_NO_THROW(CheckPrice(price, {}));
  EXPECT_NO_THROW(CheckPrice(price, {1000, 0.01}));
  EXPECT_THROW(CheckPrice(price, {999, 0}), Error);
  EXPECT_THROW(CheckPrice(price, {0, 0.009}), Error);
}

/// One file of 60,000 rows, sorted by id, in one row group, and what is asked of it.
TEST_F(ScanEstimateTest, PagesThatFiltersLeaveOutAreNotRead) {
  constexpr int64_t kMany = 60'000;
  TestLake lake;
  auto table =
      TestLake::Table("many", {Column("id", Kind::kLong), Column("mixed", Kind::kLong)});
  arrow::Int64Builder ids;
  arrow::Int64Builder mixed;
  std::mt19937_64 random(1);
  for (int64_t i = 0; i < kMany; ++i) {
    EXPECT_TRUE(ids.Append(i).ok() &&
                mixed.Append(static_cast<int64_t>(random() >> 30)).ok());
  }
  lake.AddFile(&table, {}, {ids.Finish().ValueOrDie(), mixed.Finish().ValueOrDie()});
  lake.Commit({table});
  for (const std::string& condition :
       std::vector<std::string>{"id = 30000", "id BETWEEN 100 AND 9000", "id >= 0"}) {
    const Statement statement{"SELECT sum(mixed) FROM many WHERE " + condition, {}};
    const auto plan = OpenStatementPlanner(lake.store())->Plan(statement, {});
    const auto said = EstimateScan(plan, lake.store()).tables.at(0);
    const auto engine = OpenDuckdbEngine(lake.store());
    const auto result = engine->Run(statement, {}, {});
    while (result->Next()) {
    }
    const int64_t read = result->statistics().bytes_read;
    EXPECT_EQ(said.row_groups, 1);
    EXPECT_NEAR(static_cast<double>(said.folder.bytes), static_cast<double>(read),
                0.1 * static_cast<double>(read))
        << condition;
    EXPECT_EQ(said.folder.bytes < said.column_bytes / 2, condition != "id >= 0");
  }
}

}  // namespace
}  // namespace shoestring
