// Scans over decoded columns give what DuckDB's own scans give, which run where no filter
// is left.
#include <arrow/api.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <random>
#include <thread>

#include "engine/duckdb_engine.h"
#include "engine/test_lake.h"

namespace shoestring {
namespace {

using Kind = LakeType::Kind;

constexpr int64_t kRows = 20'000;
constexpr int64_t kGroupRows = 7'000;  // No multiple of a vector's size.

const auto kSame = arrow::EqualOptions::Defaults().nans_equal(true);

/// Every eleventh value null; `fill` gets the builder and the row.
template <typename Builder, typename Fill>
std::shared_ptr<arrow::Array> Column(Builder builder, const Fill& fill) {
  for (int64_t row = 0; row < kRows; ++row) {
    EXPECT_TRUE((row % 11 == 5 ? builder.AppendNull() : fill(&builder, row)).ok());
  }
  return builder.Finish().ValueOrDie();
}

/// 1,500 rows of each fund, the rows of one together; `fill` gets the builder and the
/// fund.
template <typename Builder, typename Fill>
std::shared_ptr<arrow::Array> Sorted(Builder builder, const Fill& fill) {
  for (int64_t row = 0; row < kRows; ++row) {
    EXPECT_TRUE(fill(&builder, static_cast<int32_t>(row / 1'500)).ok());
  }
  return builder.Finish().ValueOrDie();
}

std::shared_ptr<arrow::Array> Ids(int64_t first) {
  arrow::Int64Builder builder;
  for (int64_t row = 0; row < kRows; ++row) EXPECT_TRUE(builder.Append(first + row).ok());
  return builder.Finish().ValueOrDie();
}

std::shared_ptr<arrow::Array> Decimals(int precision, int scale, int64_t factor) {
  return Column(arrow::Decimal128Builder(arrow::decimal128(precision, scale)),
                [&](auto* to, int64_t row) {
                  return to->Append(arrow::Decimal128(row % 97 - 48) * factor);
                });
}

std::vector<LakeColumn> Columns() {
  std::vector<LakeColumn> columns;
  const auto add = [&](const char* name, LakeType type) {
    columns.push_back({.name = name, .type = std::move(type)});
  };
  add("id", {Kind::kLong});
  add("flag", {Kind::kBoolean});
  add("small", {Kind::kInt});
  add("real", {Kind::kFloat});
  add("wide", {Kind::kDouble});
  add("d4", {Kind::kDecimal, 4, 1});
  add("d9", {Kind::kDecimal, 9, 2});
  add("d18", {Kind::kDecimal, 18, 2});
  add("d30", {Kind::kDecimal, 30, 4});
  add("day", {Kind::kDate});
  add("moment", {Kind::kTimestamp});
  add("moment_tz", {Kind::kTimestampTz});
  add("name", {Kind::kString});  // A dictionary.
  add("note", {Kind::kString});  // All different.
  add("bytes", {Kind::kBinary});
  add("empty", {Kind::kString});  // All null.
  add("fund", {Kind::kInt});      // Sorted by, as is:
  add("owner", {Kind::kString});
  return columns;
}

arrow::ArrayVector Values(int64_t first) {
  const auto micros = arrow::timestamp(arrow::TimeUnit::MICRO);
  const auto utc = arrow::timestamp(arrow::TimeUnit::MICRO, "UTC");
  const auto time = [](auto* to, int64_t row) {
    return to->Append((row % 1000 - 500) * 86'400'000'000 + row);
  };
  return {
      Ids(first),
      Column(arrow::BooleanBuilder(),
             [](auto* to, int64_t row) { return to->Append(row % 3 == 0); }),
      Column(arrow::Int32Builder(),
             [](auto* to, int64_t row) {
               return to->Append(static_cast<int32_t>(row / 100));
             }),
      Column(arrow::FloatBuilder(),
             [](auto* to, int64_t row) {
               return to->Append(row % 13 == 0 ? std::nanf("") : float(row % 50) / 4);
             }),
      Column(arrow::DoubleBuilder(),
             [](auto* to, int64_t row) { return to->Append(double(row) / 7); }),
      Decimals(4, 1, 7),
      Decimals(9, 2, 123'456),
      Decimals(18, 2, 1'234'567'890'123),
      Decimals(30, 4, 1'000'000'000'000'000'000),
      Column(arrow::Date32Builder(),
             [](auto* to, int64_t row) {
               return to->Append(static_cast<int32_t>(row % 3000 - 1000));
             }),
      Column(arrow::TimestampBuilder(micros, arrow::default_memory_pool()), time),
      Column(arrow::TimestampBuilder(utc, arrow::default_memory_pool()), time),
      Column(arrow::StringBuilder(),
             [](auto* to, int64_t row) {
               return to->Append("a name longer than twelve " + std::to_string(row % 9));
             }),
      Column(arrow::StringBuilder(),
             [](auto* to, int64_t row) { return to->Append("é" + std::to_string(row)); }),
      Column(arrow::BinaryBuilder(),
             [](auto* to, int64_t row) {
               return to->Append(std::string(1 + row % 3, static_cast<char>(row)));
             }),
      arrow::MakeArrayOfNull(arrow::utf8(), kRows).ValueOrDie(),
      Sorted(arrow::Int32Builder(),
             [](auto* to, int32_t fund) { return to->Append(fund); }),
      Sorted(arrow::StringBuilder(), [](auto* to, int32_t fund) {
        return to->Append(fmt::format("owner of the fund {:02}", fund));
      })};
}

class DuckdbCachedScanTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    lake_ = new TestLake;
    auto table = TestLake::Table("t", Columns(), {Granularity::kYear, "day"});
    lake_->AddFile(&table, {2020}, Values(0), kGroupRows);
    lake_->AddFile(&table, {2021}, Values(kRows));  // In one row group.
    lake_->Commit({table});
  }
  static void TearDownTestSuite() {
    delete lake_;
    lake_ = nullptr;
  }

  std::shared_ptr<arrow::Table> Run(const std::string& sql, int64_t memory = 0) {
    QueryLimits limits;
    limits.memory_bytes = memory;
    const auto result = engine_->Run({sql, {}}, limits, {});
    arrow::RecordBatchVector batches;
    while (auto batch = result->Next()) batches.push_back(std::move(batch));
    bytes_read_ = result->statistics().bytes_read;
    return arrow::Table::FromRecordBatches(result->schema(), batches)
        .ValueOrDie()
        ->CombineChunks()
        .ValueOrDie();
  }

  int64_t Number(const std::string& sql) {
    const auto scalar = Run(sql)->column(0)->GetScalar(0).ValueOrDie();
    return static_cast<const arrow::Int64Scalar&>(*scalar).value;
  }

  static inline TestLake* lake_ = nullptr;
  std::unique_ptr<Engine> engine_ = OpenDuckdbEngine(lake_->store());
  int64_t bytes_read_ = 0;
};

TEST_F(DuckdbCachedScanTest, EveryTypeAsItIs) {
  const auto all = Run("SELECT * FROM t");
  ASSERT_EQ(all->num_rows(), 2 * kRows);
  for (int again = 0; again < 2; ++again) {
    EXPECT_TRUE(Run("SELECT * FROM t WHERE id >= 0")->Equals(*all, kSame));
  }
}

TEST_F(DuckdbCachedScanTest, EveryFilter) {
  for (const std::string& condition :
       std::vector<std::string>{"id = 12345",
                                "id IN (3, 19999, 39999, 77777)",
                                "id BETWEEN 6990 AND 7010",
                                "small = 70",
                                "small <> 70",
                                "small IS NULL",
                                "small IS NOT NULL",
                                "flag",
                                "real > 12",
                                "real = 'NaN'::float",
                                "wide < 3",
                                "d4 = 0.7",
                                "d9 > 10000",
                                "d18 = -12345678901.23",
                                "d30 >= 4800000000000000",
                                "day < DATE '1968-01-01'",
                                "moment > TIMESTAMP '1971-01-01'",
                                "moment_tz <= TIMESTAMPTZ '1969-01-01 00:00:00Z'",
                                "name = 'a name longer than twelve 4'",
                                "name LIKE '%8'",
                                "name IS NULL",
                                "note = 'é777'",
                                "note >= 'é19'",
                                "octet_length(bytes) = 2",
                                "empty IS NULL",
                                "empty = 'x'",
                                "year = 2021 AND small = 3",
                                "id % 7 = 3",
                                "fund = 7",
                                "fund = 7 AND small = 110",
                                "fund = 13 AND id > 39000",
                                "fund = 99",
                                "owner = 'owner of the fund 05'",
                                "fund = 5 AND owner = 'owner of the fund 05' AND flag",
                                "fund = 4 AND owner = 'owner of the fund 05'",
                                "small = 3 OR small = 190",
                                "small = 3 OR small IS NULL",
                                "small >= -100",
                                "fund IN (3, 7, 99)",
                                "fund IN (11, 2) AND small IN (110, 30, 70)",
                                "fund = 2 OR fund = 13 OR id = 5",
                                "owner IN ('owner of the fund 05', 'x', 'owner')",
                                "name IN ('a name longer than twelve 4', '8')",
                                "real IN ('NaN'::float, 12)",
                                "id IN (0,2,4,6,8,9,10,11,12,13,14,15,16,17,18,19,39)",
                                "small = 3 AND name = 'a name longer than twelve 1'",
                                "id > 5 AND id < 4"}) {
    const int64_t expected = Number("SELECT sum(CASE WHEN " + condition +
                                    " THEN 1 ELSE 0 END)::bigint FROM t");
    EXPECT_EQ(Number("SELECT count(*)::bigint FROM t WHERE " + condition), expected)
        << condition;
    EXPECT_EQ(Number("SELECT count(id)::bigint FROM t WHERE " + condition), expected)
        << condition;
  }
}

TEST_F(DuckdbCachedScanTest, RowsStayInTheirOrder) {
  const auto ids = Run("SELECT id FROM t WHERE small IS NOT NULL");
  EXPECT_TRUE(ids->Equals(*Run("SELECT id FROM t WHERE small IS NOT NULL ORDER BY id")));
}

/// Once a Top-N has its rows the scan leaves out what is not better, nulls included.
TEST_F(DuckdbCachedScanTest, FirstRowsInEveryOrder) {
  for (const std::string& order : std::vector<std::string>{
           "id", "id DESC", "small, id", "small DESC NULLS FIRST, id",
           "small DESC NULLS LAST, id", "small NULLS FIRST, id DESC", "day DESC, id",
           "moment, id DESC", "note, id", "note DESC NULLS FIRST, id", "name, id",
           "d18, id"}) {
    for (const std::string& condition : std::vector<std::string>{
             "flag", "id BETWEEN 3000 AND 39000 AND small <> 30", "fund = 3", "true"}) {
      const std::string rows = fmt::format(
          "SELECT id, note, name, d30, wide, flag, year FROM t WHERE {} ORDER BY {}",
          condition, order);
      const auto all = Run(rows);  // Sorted as a whole.
      const auto first = Run(rows + " LIMIT 100 OFFSET 7");
      EXPECT_TRUE(first->Equals(*all->Slice(7, 100), kSame)) << rows;
      // So few DuckDB would look up by the numbers of their rows.
      const auto few = Run(rows + " LIMIT 20 OFFSET 7");
      EXPECT_TRUE(few->Equals(*all->Slice(7, 20), kSame)) << rows;
      const auto most = Run(rows + " LIMIT 2500 OFFSET 2000");
      EXPECT_TRUE(most->Equals(*all->Slice(2000, 2500), kSame)) << rows;
    }
  }
}

TEST_F(DuckdbCachedScanTest, FewRowsOfEveryType) {
  for (const std::string& few : std::vector<std::string>{"= 4", "< 300", "< 16000"}) {
    const std::string condition = " WHERE id % 20000 " + few;
    const auto rows = Run("SELECT * FROM t" + condition + " ORDER BY id");
    // By an expression: read by DuckDB.
    const auto all =
        Run("SELECT * FROM (SELECT * FROM t ORDER BY id + 0 LIMIT 99999)" + condition);
    EXPECT_TRUE(rows->Equals(*all, kSame)) << few;
  }
}

TEST_F(DuckdbCachedScanTest, EveryValueIsFound) {
  for (const char* column : {"id", "d9", "d18", "day", "moment", "name", "note"}) {
    const std::string name = column;
    const auto keys = Run("SELECT DISTINCT CASE WHEN id % 499 = 0 THEN " + name +
                          " END AS k FROM t ORDER BY k LIMIT 9");
    for (int64_t row = 0; row < keys->num_rows(); ++row) {
      const auto key = keys->column(0)->GetScalar(row).ValueOrDie();
      if (!key->is_valid) continue;
      const std::string equal = name + " = '" + key->ToString() + "'";
      EXPECT_EQ(
          Number("SELECT count(*)::bigint FROM t WHERE " + equal),
          Number("SELECT sum(CASE WHEN " + equal + " THEN 1 ELSE 0 END)::bigint FROM t"))
          << equal;
      EXPECT_GT(Number("SELECT count(*)::bigint FROM t WHERE " + equal), 0) << equal;
    }
  }
}

TEST_F(DuckdbCachedScanTest, FirstRowsOfAnOrder) {
  EXPECT_EQ(Number("SELECT id FROM t ORDER BY wide DESC, id DESC LIMIT 1"), 39'999);
  EXPECT_EQ(Number("SELECT id FROM t WHERE flag ORDER BY wide DESC, id DESC LIMIT 1"),
            39'998);
  EXPECT_EQ(Number("SELECT id, note FROM t WHERE small > 20 ORDER BY id LIMIT 10"),
            2'100);
}

/// Of columns that only some vectors are known of, more with each question.
TEST_F(DuckdbCachedScanTest, FirstRowsOfPieces) {
  const std::vector<std::string> conditions{"fund = 3",
                                            "fund = 7 AND small < 150",
                                            "fund IN (2, 11)",
                                            "id BETWEEN 4000 AND 9000",
                                            "owner = 'owner of the fund 05'",
                                            "fund >= 9 AND id < 36000",
                                            "id >= 0"};
  for (size_t from = 0; from < conditions.size(); ++from) {
    engine_ = OpenDuckdbEngine(lake_->store());
    for (size_t i = 0; i < conditions.size(); ++i) {
      const std::string rows =
          "SELECT * FROM t WHERE " + conditions[(from + i) % conditions.size()];
      for (const std::string order : {"id DESC", "note, id", "small NULLS FIRST, id"}) {
        const std::string sql = fmt::format("{} ORDER BY {}", rows, order);
        const auto first = Run(sql + " LIMIT 700 OFFSET 40");
        const auto again = Run(sql + " LIMIT 2500");
        const auto all = Run(sql);
        EXPECT_TRUE(first->Equals(*all->Slice(40, 700), kSame)) << sql;
        EXPECT_TRUE(again->Equals(*all->Slice(0, 2500), kSame)) << sql;
      }
    }
  }
}

/// Those by an expression stay with DuckDB, as do those of what it joins.
TEST_F(DuckdbCachedScanTest, FirstRowsOfOtherOrders) {
  EXPECT_EQ(Number("SELECT id FROM t WHERE flag ORDER BY -id LIMIT 1"), 39'998);
  EXPECT_EQ(Number("SELECT id FROM t WHERE flag ORDER BY year DESC, id LIMIT 1"), 20'000);
  EXPECT_EQ(Number("SELECT id + 1 AS next FROM t WHERE id > 6 ORDER BY id LIMIT 1"), 8);
  EXPECT_EQ(Number("SELECT count(*)::bigint FROM (SELECT * FROM t WHERE flag ORDER BY id "
                   "LIMIT 10 OFFSET 5) a JOIN t b ON a.id = b.id WHERE b.flag"),
            10);
  EXPECT_EQ(Number("SELECT max(id) FROM (SELECT id FROM t WHERE fund = 99 OR id < 30 "
                   "ORDER BY owner DESC, id LIMIT 12)"),
            11);
}

/// It begins with one thread, and goes on with more after some files.
TEST(DuckdbShortScan, LeavesWhenThereAreManyNewFiles) {
  TestLake lake;
  auto table = TestLake::Table("t", {{.name = "id", .type = {Kind::kLong}}});
  for (int64_t file = 0; file < 40; ++file) {
    lake.AddFile(&table, {}, {Ids(file)});
  }
  lake.Commit({table});
  const auto engine = OpenDuckdbEngine(lake.store());
  for (int again = 0; again < 2; ++again) {
    const auto result =
        engine->Run({"SELECT count(*)::bigint FROM t WHERE id = 39", {}}, {}, {});
    const auto batch = result->Next();
    ASSERT_TRUE(batch);
    EXPECT_EQ(static_cast<const arrow::Int64Array&>(*batch->column(0)).Value(0), 40);
  }
}

TEST_F(DuckdbCachedScanTest, WhatWasDecodedIsNotReadAgain) {
  const std::string sql = "SELECT sum(d18)::bigint FROM t WHERE small = 42";
  Number(sql);
  EXPECT_GT(bytes_read_, 0);
  const int64_t first = bytes_read_;
  Number(sql);
  EXPECT_EQ(bytes_read_, 0);
  Number("SELECT sum(d18)::bigint FROM t WHERE small = 43");  // The same row groups.
  EXPECT_EQ(bytes_read_, 0);
  Number("SELECT sum(d18)::bigint FROM t WHERE small = 142");
  EXPECT_GT(bytes_read_, 0);
  EXPECT_LT(bytes_read_, first);  // The footers are here.
}

TEST_F(DuckdbCachedScanTest, OnlyPagesThatAreWantedAreRead) {
  Run("SELECT * FROM t WHERE id >= 0");
  const int64_t all = bytes_read_;
  engine_ = OpenDuckdbEngine(lake_->store());
  Run("SELECT * FROM t WHERE id BETWEEN 30000 AND 30010");
  EXPECT_LT(bytes_read_, all / 4);
  engine_ = OpenDuckdbEngine(lake_->store());
  Run("SELECT * FROM t WHERE name IS NOT NULL AND id IN (30000, 30010, 39990)");
  EXPECT_LT(bytes_read_, all / 3);
  Run("SELECT * FROM t WHERE name IS NOT NULL AND id IN (30000, 30010, 39990)");
  EXPECT_EQ(bytes_read_, 0);
}

TEST_F(DuckdbCachedScanTest, PartsGrowByWhatIsAskedFor) {
  const auto all = Run("SELECT * FROM t ORDER BY id");
  std::mt19937 random(3);
  for (int i = 0; i < 60; ++i) {
    const auto first = static_cast<int64_t>(random() % (2 * kRows - 500));
    const std::string other = i % 2 == 0 ? ""
                                         : " AND (name IS NULL OR flag OR NOT flag"
                                           " OR flag IS NULL)";
    const auto rows =
        Run(fmt::format("SELECT * FROM t WHERE id BETWEEN {} AND {}{} ORDER BY id", first,
                        first + 499, other));
    ASSERT_TRUE(rows->Equals(*all->Slice(first, 500), kSame)) << first;
  }
}

TEST_F(DuckdbCachedScanTest, WithoutRoomItReadsAgain) {
  const auto all = Run("SELECT * FROM t");
  constexpr int64_t kLittle = 64 << 20;
  for (int again = 0; again < 3; ++again) {
    EXPECT_TRUE(Run("SELECT * FROM t WHERE id >= 0", kLittle)->Equals(*all, kSame));
  }
}

TEST_F(DuckdbCachedScanTest, SideBySide) {
  std::vector<std::jthread> threads;
  std::atomic<int> wrong = 0;
  for (int64_t i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] {
      for (int64_t n = 0; n < 10; ++n) {
        const int64_t id = 4'000 * n + i;
        const auto result =
            engine_->Run({"SELECT id FROM t WHERE id = $1", {id}}, {}, {});
        const auto batch = result->Next();
        const bool right =
            batch && batch->num_rows() == 1 &&
            static_cast<const arrow::Int64Array&>(*batch->column(0)).Value(0) == id;
        if (!right) ++wrong;
      }
    });
  }
  threads.clear();
  EXPECT_EQ(wrong, 0);
}

/// Pages that end by their bytes, within what a scan reads at once.
TEST_F(DuckdbCachedScanTest, LongTexts) {
  TestLake lake;
  auto table = TestLake::Table("t", {{.name = "id", .type = {Kind::kLong}},
                                     {.name = "long", .type = {Kind::kString}}});
  arrow::StringBuilder texts;
  for (int64_t row = 0; row < kRows; ++row) {
    const auto length = static_cast<size_t>(row * 7919 % 1500);
    EXPECT_TRUE(texts.Append(std::to_string(row) + std::string(length, 'x')).ok());
  }
  lake.AddFile(&table, {}, {Ids(0), texts.Finish().ValueOrDie()});
  lake.Commit({table});
  engine_ = OpenDuckdbEngine(lake.store());
  const auto all = Run("SELECT * FROM t ORDER BY id");
  for (const int64_t first : {15'000, 2'040, 0, 19'900, 9'000}) {
    const auto rows =
        Run(fmt::format("SELECT * FROM t WHERE id BETWEEN {} AND {}", first, first + 99));
    EXPECT_TRUE(rows->Equals(*all->Slice(first, 100), kSame)) << first;
  }
}

}  // namespace
}  // namespace shoestring
