// Copies in memory give the answers that the files give.
#include <arrow/api.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "base/error.h"
#include "engine/duckdb_engine.h"
#include "engine/statement_plan.h"
#include "engine/test_lake.h"

namespace shoestring {
namespace {

using Kind = LakeType::Kind;

/// More than a row group of a copy.
constexpr int64_t kRows = 140'000;
constexpr int64_t kFunds = 70;

std::vector<LakeColumn> Columns() {
  return {{.name = "id", .type = {Kind::kLong}},
          {.name = "fund", .type = {Kind::kString}},
          {.name = "day", .type = {Kind::kDate}},
          {.name = "amount", .type = {Kind::kDecimal, 30, 2}},
          {.name = "share", .type = {Kind::kDouble}},
          {.name = "note", .type = {Kind::kString}},
          {.name = "tags", .type = {.kind = Kind::kList, .element = {{Kind::kString}}}}};
}

/// Days from 1970 on; one in thirteen of most values is null.
arrow::ArrayVector Values(int64_t first, int32_t first_day) {
  arrow::Int64Builder ids;
  arrow::StringBuilder funds;
  arrow::StringBuilder notes;
  arrow::Date32Builder days;
  arrow::Decimal128Builder amounts(arrow::decimal128(30, 2));
  arrow::DoubleBuilder shares;
  const auto texts = std::make_shared<arrow::StringBuilder>();
  arrow::ListBuilder tags(arrow::default_memory_pool(), texts);
  for (int64_t row = 0; row < kRows / 2; ++row) {
    const bool null = row % 13 == 4;
    const auto fund = fmt::format("the fund with the number {:02}", row * kFunds / kRows);
    EXPECT_TRUE(ids.Append(first + row).ok());
    EXPECT_TRUE(funds.Append(fund).ok());
    EXPECT_TRUE(days.Append(first_day + static_cast<int32_t>(row % 300)).ok());
    EXPECT_TRUE((null ? amounts.AppendNull() : amounts.Append(row * 100 - 7)).ok());
    EXPECT_TRUE((null ? shares.AppendNull() : shares.Append(double(row) / 8)).ok());
    EXPECT_TRUE((null ? notes.AppendNull() : notes.Append(fmt::format("é{}", row))).ok());
    EXPECT_TRUE((null ? tags.AppendNull() : tags.Append()).ok());
    for (int64_t i = 0; !null && i < row % 3; ++i) {
      EXPECT_TRUE(texts->Append(fmt::format("{}", row + i)).ok());
    }
  }
  arrow::ArrayVector columns;
  for (auto* builder : std::vector<arrow::ArrayBuilder*>{&ids, &funds, &days, &amounts,
                                                         &shares, &notes, &tags}) {
    columns.push_back(builder->Finish().ValueOrDie());
  }
  return columns;
}

class HotTablesTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    lake_ = new TestLake;
    auto table = TestLake::Table("t", Columns(), {Granularity::kYear, "day"});
    table.sort = {{.field_id = 2}};
    lake_->AddFile(&table, {1970}, Values(0, 0));
    lake_->AddFile(&table, {1971}, Values(kRows / 2, 365));
    auto empty = TestLake::Table("empty", Columns());
    lake_->Commit({table, empty});
  }
  static void TearDownTestSuite() {
    delete lake_;
    lake_ = nullptr;
  }

  HotTables Hot(int64_t memory_bytes) {
    HotTables hot;
    hot.names = {"t", "empty"};
    hot.memory_bytes = memory_bytes;
    hot.loaded = [this](const HotTablesInMemory& loaded) { loaded_ = loaded; };
    hot.failed = [](const std::string& why) { ADD_FAILURE() << why; };
    return hot;
  }

  std::shared_ptr<arrow::Table> Run(Engine* engine, const std::string& sql) {
    const auto result = engine->Run({sql, {}}, {}, {});
    arrow::RecordBatchVector batches;
    while (auto batch = result->Next()) batches.push_back(std::move(batch));
    statistics_ = result->statistics();
    return arrow::Table::FromRecordBatches(result->schema(), batches)
        .ValueOrDie()
        ->CombineChunks()
        .ValueOrDie();
  }

  static inline TestLake* lake_ = nullptr;
  HotTablesInMemory loaded_;
  QueryStatistics statistics_;
};

TEST_F(HotTablesTest, AnswersAreThoseOfTheFiles) {
  const auto files = OpenDuckdbEngine(lake_->store());
  const auto hot = OpenDuckdbEngine(lake_->store(), Hot(1 << 30));
  EXPECT_EQ(loaded_.rows, kRows);
  for (const char* sql :
       {"SELECT * FROM t ORDER BY id", "SELECT count(*) FROM t",
        "SELECT * FROM t WHERE fund IN ('the fund with the number 03', 'none', "
        "'the fund with the number 33') AND day >= '1971-03-01' AND day < '1971-04-01' "
        "ORDER BY id",
        "SELECT year, count(*), sum(amount), max(note) FROM t GROUP BY year ORDER BY "
        "year",
        "SELECT tags FROM t WHERE fund = 'the fund with the number 07' AND tags IS NOT "
        "NULL ORDER BY id",
        "SELECT tags, id FROM t WHERE id % 4999 = 3 ORDER BY tags DESC NULLS FIRST, id",
        "SELECT * FROM t WHERE note = 'é777' ORDER BY share DESC, id LIMIT 3",
        "SELECT id, tags FROM t WHERE year = 1971 ORDER BY note, id LIMIT 50 OFFSET 9",
        "SELECT a.id FROM t a JOIN t b ON a.id = b.id + 1 WHERE b.amount < 2000 ORDER BY "
        "1",
        "SELECT 1 FROM t LIMIT 5", "SELECT * FROM empty", "SELECT count(*) FROM empty"}) {
    const auto wanted = Run(files.get(), sql);
    EXPECT_TRUE(Run(hot.get(), sql)->Equals(*wanted)) << sql;
    EXPECT_EQ(statistics_.bytes_read, 0) << sql;
  }
}

TEST_F(HotTablesTest, CountsWhatTheyTake) {
  const auto hot = OpenDuckdbEngine(lake_->store(), Hot(1 << 30));
  // 8 of id, 4 of fund and of day, 16 of amount and of note, 8 of share, 16 of tags, 4 of
  // the year; tags and long notes more.
  EXPECT_GT(loaded_.bytes, kRows * 76);
  EXPECT_LT(loaded_.bytes, kRows * 140);
  try {
    OpenDuckdbEngine(lake_->store(), Hot(loaded_.bytes - 1));
    FAIL() << "They fit";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kLimit);
    EXPECT_NE(std::string(error.what()).find("they would take about"), std::string::npos);
  }
}

TEST_F(HotTablesTest, ACopyStaysWhileItsTableDoesNotChange) {
  TestLake lake;
  auto table = TestLake::Table("t", Columns(), {Granularity::kYear, "day"});
  lake.AddFile(&table, {1970}, Values(0, 0));
  auto empty = TestLake::Table("empty", Columns());
  lake.Commit({table, empty});
  const auto hot = OpenDuckdbEngine(lake.store(), Hot(1 << 30));
  empty.snapshot_id = 2;
  lake.Commit({empty});
  std::filesystem::remove(lake.folder() + "/" + table.files[0].key);
  const auto sum = Run(hot.get(), "SELECT sum(id)::bigint AS ids FROM t WHERE id >= 0");
  EXPECT_EQ(sum->column(0)->GetScalar(0).ValueOrDie()->ToString(),
            std::to_string(kRows / 2 * (kRows / 2 - 1) / 2));
}

TEST_F(HotTablesTest, AStatementOverThemIsPlannedAsOneThatReadsNoFile) {
  const auto hot = OpenDuckdbEngine(lake_->store(), Hot(1 << 30));
  const StatementPlan plan =
      hot->planner()->Plan({"SELECT sum(amount) FROM t WHERE id > 5", {}}, {});
  ASSERT_EQ(plan.scans.size(), 1);
  EXPECT_TRUE(plan.scans[0].files.empty());
  EXPECT_EQ(plan.scans[0].table->files.size(), 2);
  EXPECT_TRUE(plan.repeatable);
  EXPECT_TRUE(plan.versions.contains("t"));
}

}  // namespace
}  // namespace shoestring
