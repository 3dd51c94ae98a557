#include "engine/duckdb_engine.h"

#include <arrow/api.h>
#include <arrow/json/from_string.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <random>
#include <thread>

#include "base/error.h"
#include "engine/test_lake.h"

namespace shoestring {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;
using Kind = LakeType::Kind;

LakeColumn Column(const std::string& name, LakeType type) {
  LakeColumn column;
  column.name = name;
  column.type = std::move(type);
  return column;
}

LakeType Type(Kind kind, int precision = 0, int scale = 0) {
  LakeType type;
  type.kind = kind;
  type.precision = precision;
  type.scale = scale;
  return type;
}

std::shared_ptr<arrow::Array> Array(const std::shared_ptr<arrow::DataType>& type,
                                    const std::string& json) {
  return arrow::json::ArrayFromJSONString(type, json).ValueOrDie();
}

/// Holdings by month, 4 rows a file; prices; an empty table; a table of another schema.
TableMetadata Holdings(TestLake* lake) {
  auto table = TestLake::Table(
      "holdings",
      {Column("id", Type(Kind::kLong)), Column("fund", Type(Kind::kString)),
       Column("filed", Type(Kind::kDate)), Column("value", Type(Kind::kDecimal, 18, 2))},
      {Granularity::kMonth, "filed"});
  int64_t id = 0;
  for (int month = 1; month <= 12; ++month) {
    std::string ids = "[", funds = "[", dates = "[", values = "[";
    for (int row = 0; row < 4; ++row, ++id) {
      const std::string comma = row == 0 ? "" : ",";
      ids += comma + std::to_string(id);
      funds += comma + (row % 2 ? "\"ark\"" : "\"scion\"");
      dates += comma + std::to_string(19723 + 31 * (month - 1) - month / 3);
      values += comma + "\"" + std::to_string(id) + ".25\"";
    }
    lake->AddFile(&table, {2024, month},
                  {Array(arrow::int64(), ids + "]"), Array(arrow::utf8(), funds + "]"),
                   Array(arrow::date32(), dates + "]"),
                   Array(arrow::decimal128(18, 2), values + "]")});
  }
  lake->AddFile(
      &table, {0, 0},
      {Array(arrow::int64(), "[999]"), Array(arrow::utf8(), "[null]"),
       Array(arrow::date32(), "[null]"), Array(arrow::decimal128(18, 2), "[\"-1.00\"]")});
  return table;
}

TableMetadata Prices(TestLake* lake) {
  auto table = TestLake::Table("prices", {Column("ticker", Type(Kind::kString)),
                                          Column("price", Type(Kind::kDouble))});
  lake->AddFile(&table, {},
                {Array(arrow::utf8(), R"(["A", "B", "C"])"),
                 Array(arrow::float64(), "[1.5, NaN, null]")});
  return table;
}

TableMetadata Empty() {
  return TestLake::Table(
      "empty", {Column("id", Type(Kind::kLong)), Column("at", Type(Kind::kTimestampTz))},
      {Granularity::kMonth, "at"});
}

TableMetadata Orders(TestLake* lake) {
  auto table = TestLake::Table("sales.orders", {Column("id", Type(Kind::kInt))});
  lake->AddFile(&table, {}, {Array(arrow::int32(), "[1, 2, 3]")});
  return table;
}

/// The four tables in a lake that all tests share.
class DuckdbEngineTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    shared_lake_ = new TestLake;
    shared_lake_->Commit(
        {Holdings(shared_lake_), Prices(shared_lake_), Empty(), Orders(shared_lake_)});
  }
  static void TearDownTestSuite() {
    delete shared_lake_;
    shared_lake_ = nullptr;
  }

  explicit DuckdbEngineTest(TestLake* lake = nullptr)
      : lake_(lake ? *lake : *shared_lake_), engine_(OpenDuckdbEngine(lake_.store())) {}

  struct Answer {
    std::shared_ptr<arrow::Table> table;
    QueryStatistics statistics;
    std::string ToString() const {
      std::string text;
      for (int64_t row = 0; row < table->num_rows(); ++row) {
        for (int column = 0; column < table->num_columns(); ++column) {
          text += column == 0 ? "" : "|";
          text += table->column(column)->GetScalar(row).ValueOrDie()->ToString();
        }
        text += "\n";
      }
      return text;
    }
  };

  Answer Run(const Statement& statement, const QueryLimits& limits = {},
             std::stop_token cancel = {}) {
    const auto result = engine_->Run(statement, limits, std::move(cancel));
    arrow::RecordBatchVector batches;
    while (auto batch = result->Next()) batches.push_back(std::move(batch));
    return {arrow::Table::FromRecordBatches(result->schema(), batches).ValueOrDie(),
            result->statistics()};
  }

  Answer Run(const std::string& sql) { return Run(Statement{sql, {}}); }

  /// The error of a statement that must fail.
  Error Fails(const Statement& statement, const QueryLimits& limits = {},
              std::stop_token cancel = {}) {
    try {
      const auto answer = Run(statement, limits, std::move(cancel));
      ADD_FAILURE() << statement.sql << " gave " << answer.ToString();
    } catch (const Error& error) {
      return error;
    }
    return Error(ErrorKind::kInternal, "did not fail");
  }
  Error Fails(const std::string& sql) { return Fails(Statement{sql, {}}); }

  static inline TestLake* shared_lake_ = nullptr;
  TestLake& lake_;
  std::unique_ptr<Engine> engine_;
};

struct OwnLake {
  TestLake own_lake;
};

/// A lake of its own, which the test may change.
class ChangingLakeTest : private OwnLake, public DuckdbEngineTest {
 protected:
  ChangingLakeTest() : DuckdbEngineTest(&own_lake) {}

  TableMetadata Current(const std::string& table) {
    const Catalog catalog(lake_.store());
    return catalog.LoadTable(catalog.Load(), table);
  }
};

TEST_F(DuckdbEngineTest, ReadsTheTables) {
  EXPECT_EQ(Run("SELECT ticker FROM prices ORDER BY 1").ToString(), "A\nB\nC\n");
  EXPECT_EQ(
      Run("SELECT id FROM holdings WHERE fund = 'ark' AND id < 8 ORDER BY 1").ToString(),
      "1\n3\n5\n7\n");
  EXPECT_EQ(Run("SELECT fund, sum(value) FROM holdings GROUP BY 1 ORDER BY 1").ToString(),
            "ark|582.00\nscion|558.00\nnull|-1.00\n");
}

TEST_F(DuckdbEngineTest, ColumnsComeInTheSourcesOrderThenThePartitions) {
  EXPECT_EQ(Run("SELECT * FROM holdings LIMIT 0").table->schema()->ToString(),
            "id: int64\nfund: string\nfiled: date32[day]\nvalue: decimal128(18, 2)\n"
            "year: int32\nmonth: int32");
}

TEST_F(DuckdbEngineTest, PartitionColumnsHaveTheirValues) {
  EXPECT_EQ(Run("SELECT DISTINCT year, month FROM holdings WHERE id IN (0, 47, 999) "
                "ORDER BY 1, 2")
                .ToString(),
            "0|0\n2024|1\n2024|12\n");
  EXPECT_EQ(Run("SELECT id FROM holdings WHERE year = 0").ToString(), "999\n");
}

TEST_F(DuckdbEngineTest, EmptyTablesHaveTheirColumns) {
  const auto answer = Run("SELECT * FROM empty");
  EXPECT_EQ(answer.table->num_rows(), 0);
  EXPECT_EQ(answer.table->schema()->ToString(),
            "id: int64\nat: timestamp[us, tz=UTC]\nyear: int32\nmonth: int32");
  EXPECT_EQ(Run("SELECT count(*), max(id) FROM empty").ToString(), "0|null\n");
  EXPECT_EQ(Run("SELECT p.ticker FROM prices p JOIN empty e ON e.id = 1").ToString(), "");
  EXPECT_EQ(Run("SELECT count(*) FROM empty WHERE year = 2024 AND id > 3").ToString(),
            "0\n");
}

TEST_F(DuckdbEngineTest, TablesOfOtherSchemasHaveBothNames) {
  EXPECT_EQ(Run("SELECT count(*) FROM sales.orders").ToString(), "3\n");
  EXPECT_EQ(Run("SELECT max(id) FROM \"sales.orders\"").ToString(), "3\n");
  EXPECT_EQ(Run("SELECT public.prices.ticker FROM public.prices LIMIT 1").ToString(),
            "A\n");
}

TEST_F(DuckdbEngineTest, PrunesByPartition) {
  const auto answer = Run("SELECT sum(id) FROM holdings WHERE year = 2024 AND month = 3");
  EXPECT_EQ(answer.ToString(), "38\n");
  EXPECT_EQ(answer.statistics.files, 1);
  EXPECT_EQ(answer.statistics.lake_files, 13);
  EXPECT_GT(answer.statistics.bytes_read, 0);
  EXPECT_GT(answer.statistics.requests, 0);
  EXPECT_EQ(
      Run("SELECT sum(id) FROM holdings WHERE month = 1 OR (month = 2 AND year > 1)")
          .statistics.files,
      2);
  EXPECT_EQ(
      Run("SELECT sum(id) FROM holdings WHERE year IN (1999, 2001)").statistics.files, 0);
}

TEST_F(DuckdbEngineTest, PrunesByBounds) {
  const std::pair<const char*, int64_t> cases[] = {
      {"id = 17", 1},
      {"id BETWEEN 4 AND 11", 2},
      {"id > 1000", 0},
      {"id IN (0, 47)", 2},
      {"filed >= DATE '2024-12-01'", 1},
      {"filed >= '2024-11-01'", 2},
      {"filed IS NULL", 13},
      {"value < 0", 1},
      {"value = 20.25", 1},
      {"value > 40.00::decimal(18,2)", 2},
      {"fund = 'zzz'", 0},
      {"fund < 'ark'", 12},
      {"fund = 'ark'", 12},
  };
  for (const auto& [condition, files] : cases) {
    const auto answer =
        Run(std::string("SELECT max(id) FROM holdings WHERE ") + condition);
    EXPECT_LE(answer.statistics.files, files) << condition;
    EXPECT_EQ(answer.ToString(), Run(std::string("SELECT max(CASE WHEN ") + condition +
                                     " THEN id END) FROM holdings")
                                     .ToString())
        << condition;
  }
}

TEST_F(DuckdbEngineTest, NaNIsNotPrunedAway) {
  EXPECT_EQ(Run("SELECT ticker FROM prices WHERE price > 1000").ToString(), "B\n");
}

TEST_F(DuckdbEngineTest, CountsRowsWithoutReading) {
  const auto all = Run("SELECT count(*) FROM holdings");
  EXPECT_EQ(all.ToString(), "49\n");
  EXPECT_EQ(all.statistics.bytes_read, 0);
  const auto month =
      Run("SELECT count(*) AS n FROM holdings WHERE year = 2024 AND month < 4");
  EXPECT_EQ(month.ToString(), "12\n");
  EXPECT_EQ(month.statistics.bytes_read, 0);
  EXPECT_EQ(Run("SELECT count(*) FROM holdings WHERE id < 6").ToString(), "6\n");
}

TEST_F(DuckdbEngineTest, OrderedLimitTakesTheRightRows) {
  EXPECT_EQ(Run("SELECT * FROM holdings WHERE id > 20 AND month > 7 "
                "ORDER BY value DESC LIMIT 2")
                .ToString(),
            "47|ark|2024-12-03|47.25|2024|12\n46|scion|2024-12-03|46.25|2024|12\n");
}

TEST_F(DuckdbEngineTest, BindsParameters) {
  EXPECT_EQ(
      Run(Statement{
              "SELECT id FROM holdings WHERE fund = ? AND id BETWEEN ? AND ? ORDER BY 1",
              {std::string("ark"), int64_t{1}, 4.0}})
          .ToString(),
      "1\n3\n");
  EXPECT_EQ(Run(Statement{"SELECT $1, $2, $3",
                          {std::monostate(), true, std::string("a'; DROP")}})
                .ToString(),
            "null|true|a'; DROP\n");
  EXPECT_EQ(Run(Statement{"SELECT count(*) FROM holdings WHERE month = $1", {int64_t{5}}})
                .ToString(),
            "4\n");
  EXPECT_EQ(Fails(Statement{"SELECT ?", {}}).kind(), ErrorKind::kInvalidArgument);
  EXPECT_EQ(Fails(Statement{"SELECT 1", {int64_t{1}}}).kind(),
            ErrorKind::kInvalidArgument);
}

TEST_F(DuckdbEngineTest, ComparesJsonAsPostgresDoes) {
  EXPECT_EQ(Run(R"(SELECT jsonb_contains(a, '{"k": 1}'), jsonb_contains('{"k": 1}', a),
                          jsonb_eq(a, '{"k": 1.0}')
                   FROM (VALUES ('{"k": 1, "l": 2}'), ('{"x": {"k": 1}}'), (NULL),
                                ('{"k":1e0}')) AS t (a))")
                .ToString(),
            "true|false|false\nfalse|false|false\nnull|null|null\ntrue|true|true\n");
  const Error broken = Fails("SELECT jsonb_eq(ticker, '1') FROM prices");
  EXPECT_EQ(broken.kind(), ErrorKind::kInvalidArgument);
  EXPECT_THAT(broken.what(), HasSubstr("no valid JSON"));
}

TEST_F(DuckdbEngineTest, ReadingStatementsPass) {
  for (const char* sql :
       {"FROM prices", "VALUES (1, 2)", "WITH t AS (SELECT 1) SELECT * FROM t",
        "SHOW TABLES", "DESCRIBE prices", "DESCRIBE SELECT 1", "SUMMARIZE holdings",
        "EXPLAIN SELECT * FROM holdings", "EXPLAIN ANALYZE SELECT sum(id) FROM holdings",
        "TABLE prices", "SELECT * FROM information_schema.tables",
        "SELECT * FROM information_schema.columns", "SHOW ALL TABLES",
        "SELECT 1; -- and no more", "(SELECT 1) UNION ALL (SELECT 2)",
        "PIVOT prices ON ticker IN ('A', 'B') USING sum(price)"}) {
    EXPECT_GE(Run(sql).table->num_columns(), 1) << sql;
  }
  EXPECT_THAT(Run("SHOW TABLES").ToString(), HasSubstr("holdings"));
  EXPECT_EQ(Run("SELECT current_setting('TimeZone')").ToString(), "UTC\n");
}

TEST_F(DuckdbEngineTest, HostileStatementsAreRefused) {
  const std::vector<std::string> statements = {
      "CREATE TABLE t (a int)",
      "CREATE TEMP TABLE t AS SELECT 1",
      "CREATE VIEW v AS SELECT 1",
      "CREATE MACRO m() AS 1",
      "CREATE SCHEMA s",
      "CREATE SEQUENCE s",
      "CREATE TYPE t AS ENUM ('a')",
      "CREATE SECRET s (TYPE s3, KEY_ID 'a', SECRET 'b')",
      "CREATE OR REPLACE VIEW holdings AS SELECT 1",
      "DROP VIEW holdings",
      "ALTER VIEW holdings RENAME TO h",
      "INSERT INTO holdings VALUES (1)",
      "UPDATE holdings SET id = 1",
      "DELETE FROM holdings",
      "MERGE INTO holdings USING prices ON true WHEN MATCHED THEN DELETE",
      "TRUNCATE holdings",
      "COPY holdings TO '/tmp/out.csv'",
      "COPY (SELECT 1) TO 'lake://data/x.csv'",
      "COPY holdings FROM '/etc/passwd'",
      "COPY FROM DATABASE memory TO memory",
      "EXPORT DATABASE '/tmp/out'",
      "IMPORT DATABASE '/tmp/out'",
      "ATTACH '/tmp/other.db' AS other",
      "ATTACH ':memory:' AS other",
      "DETACH memory",
      "USE memory",
      "INSTALL httpfs",
      "LOAD httpfs",
      "FORCE INSTALL httpfs",
      "UPDATE EXTENSIONS",
      "SET memory_limit = '100GB'",
      "SET enable_external_access = true",
      "SET lock_configuration = false",
      "SET allowed_directories = ['/']",
      "SET search_path = 'x'",
      "RESET memory_limit",
      "SET VARIABLE x = 1",
      "PRAGMA enable_external_access",
      "PRAGMA database_list",
      "PRAGMA import_database('/tmp')",
      "PRAGMA memory_limit = '1GB'",
      "PRAGMA enable_profiling",
      "CALL pragma_version()",
      "CALL enable_logging()",
      "CALL force_checkpoint()",
      "CHECKPOINT",
      "VACUUM",
      "ANALYZE",
      "BEGIN",
      "COMMIT",
      "PREPARE p AS SELECT 1",
      "EXECUTE p",
      "DEALLOCATE p",
      "COMMENT ON VIEW holdings IS 'x'",
      "EXPLAIN ANALYZE CREATE TABLE t (a int)",
      "EXPLAIN ANALYZE COPY (SELECT 1) TO '/tmp/out.csv'",
      "EXPLAIN INSERT INTO holdings VALUES (1)",
      "SELECT 1; DROP VIEW holdings",
      "SELECT 1; SELECT 2",
      "PIVOT prices ON ticker USING sum(price)",
      "",
      ";",
      "-- nothing",
  };
  for (const std::string& sql : statements) {
    EXPECT_EQ(Fails(sql).kind(), ErrorKind::kInvalidArgument) << sql;
  }
}

TEST_F(DuckdbEngineTest, NothingOutsideTheLakeIsRead) {
  const std::string file = lake_.folder() + "/secret.csv";
  std::ofstream(file) << "secret\n1\n";
  const Catalog catalog(lake_.store());
  const std::string parquet =
      lake_.folder() + "/" + catalog.LoadTable(catalog.Load(), "prices").files.at(0).key;
  const std::string relative = "lake://data/../secret.csv";
  const std::vector<std::string> sources = {
      "read_text('/etc/passwd')",
      "read_blob('/etc/passwd')",
      "read_csv('/etc/passwd')",
      "read_csv_auto('" + file + "')",
      "read_csv('file://" + file + "')",
      "read_json('/etc/passwd')",
      "read_json_objects('/etc/passwd')",
      "read_ndjson('/etc/passwd')",
      "read_parquet('" + parquet + "')",
      "parquet_scan('" + parquet + "')",
      "parquet_metadata('" + parquet + "')",
      "parquet_schema('" + parquet + "')",
      "parquet_file_metadata('" + parquet + "')",
      "parquet_kv_metadata('" + parquet + "')",
      "parquet_bloom_probe('" + parquet + "', 'a', 1)",
      "sniff_csv('/etc/passwd')",
      "glob('/etc/*')",
      "glob('/etc/passwd')",
      "'/etc/passwd'",
      "'" + file + "'",
      "'" + parquet + "'",
      "'data/prices/f.parquet'",
      "read_text('/proc/self/environ')",
      "read_text('/dev/stdin')",
      "read_text('../../etc/passwd')",
      "read_text('~/.bashrc')",
      "read_text(['/etc/passwd', '/etc/group'])",
      "read_text('https://example.invalid/x')",
      "read_csv('http://127.0.0.1:1/x')",
      "read_parquet('s3://bucket/x.parquet')",
      "read_parquet('hf://x/y')",
      "'s3://bucket/x.parquet'",
      "read_text('lake://catalog/lake.json')",
      "read_text('lake://secret.csv')",
      "read_text('" + relative + "')",
      "read_text('lake:///etc/passwd')",
      "read_parquet('lake://data/nothing.parquet')",
      "sqlite_scan('/tmp/x', 'y')",
      "postgres_scan('', 'a', 'b')",
      "iceberg_scan('" + lake_.folder() + "')",
      "read_duckdb('/tmp/x.db')",
      "query('COPY (SELECT 1) TO ''/tmp/out.csv''')",
      "query_table('/etc/passwd')",
      "arrow_scan(1::POINTER, 1::POINTER, 1::POINTER)",
      "seq_scan('holdings')",
      "duckdb_secrets()",
      "duckdb_logs()",
      "duckdb_temporary_files()",
      "duckdb_extensions()",
      "enable_profiling()",
      "force_checkpoint()",
      "glob('lake://*')",
      "test_vector_types(1)",
      "lake_scan('nothing')",
      "lake_scan('../secret')",
      "enable_logging(storage => 'file', storage_config => {'path': '/tmp/x'})",
      "which_secret('s3://x', 's3')",
  };
  for (const std::string& source : sources) {
    const Error error = Fails("SELECT * FROM " + source);
    EXPECT_THAT(error.what(), testing::Not(HasSubstr("root:"))) << source;
    EXPECT_NE(error.kind(), ErrorKind::kInternal) << source << ": " << error.what();
  }
  for (const char* expression :
       {"getenv('HOME')", "read_text('/etc/passwd')", "current_setting('s3_secret')"}) {
    Fails(std::string("SELECT ") + expression);
  }
  EXPECT_EQ(
      Run("SELECT count(*) FROM duckdb_settings() WHERE name = 'TimeZone'").ToString(),
      "1\n");
}

TEST_F(DuckdbEngineTest, ErrorsSayWhatToDo) {
  const Error missing = Fails("SELECT * FROM nothing");
  EXPECT_EQ(missing.kind(), ErrorKind::kNotFound);
  EXPECT_STREQ(
      missing.what(),
      "No such table: nothing (tables are: empty, holdings, prices, sales.orders)");
  EXPECT_STREQ(Fails("FROM lake_scan('nothing')").what(), missing.what());
  EXPECT_EQ(Fails("SELECT nothing FROM prices").kind(), ErrorKind::kInvalidArgument);
  EXPECT_EQ(Fails("SELEC 1").kind(), ErrorKind::kInvalidArgument);
  EXPECT_EQ(Fails("SELECT ticker::int FROM prices").kind(), ErrorKind::kInvalidArgument);
  EXPECT_EQ(Fails("SELECT nofunction(1)").kind(), ErrorKind::kInvalidArgument);
  EXPECT_EQ(Fails("SELECT error('x')").kind(), ErrorKind::kInvalidArgument);
}

TEST_F(DuckdbEngineTest, TypesThatArrowLosesAreRefused) {
  for (const char* sql : {"SELECT '101'::bit", "SELECT '1'::bignum", "SELECT ['1'::bit]",
                          "SELECT {'a': 5::uhugeint}", "SELECT '10:00:00+02'::timetz",
                          "SELECT map {'a': '1'::bit}"}) {
    const Error error = Fails(sql);
    EXPECT_EQ(error.kind(), ErrorKind::kUnsupported) << sql;
    EXPECT_THAT(error.what(), HasSubstr("::text")) << sql;
  }
}

TEST_F(DuckdbEngineTest, TimeIsLimited) {
  QueryLimits limits;
  limits.time = milliseconds(200);
  const auto start = std::chrono::steady_clock::now();
  const Error error =
      Fails(Statement{"SELECT sum(a.range * b.range) FROM range(1000000) a, "
                      "range(1000000) b",
                      {}},
            limits);
  EXPECT_EQ(error.kind(), ErrorKind::kTimeout);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(5));
  EXPECT_EQ(Fails(Statement{"SELECT pg_sleep(3)", {}}, limits).kind(),
            ErrorKind::kTimeout);
  EXPECT_EQ(Run("SELECT 1").ToString(), "1\n");
}

TEST_F(DuckdbEngineTest, CancelStopsAtOnce) {
  std::stop_source source;
  std::jthread canceller([&source] {
    std::this_thread::sleep_for(milliseconds(200));
    source.request_stop();
  });
  const Error error =
      Fails(Statement{"SELECT count(*) FROM range(1000000) a, range(1000000) b "
                      "WHERE a.range + b.range = -1",
                      {}},
            {}, source.get_token());
  EXPECT_EQ(error.kind(), ErrorKind::kCancelled);
  EXPECT_EQ(Fails(Statement{"SELECT 1", {}}, {}, source.get_token()).kind(),
            ErrorKind::kCancelled);
}

TEST_F(DuckdbEngineTest, WhatRunsAlreadyEndsWithARefusal) {
  const auto start = std::chrono::steady_clock::now();
  const Error error = Fails(
      "SELECT count(*)::VARCHAR::BIT FROM range(1000000) a, "
      "range(1000000) b WHERE a.range + b.range = -1");
  EXPECT_EQ(error.kind(), ErrorKind::kUnsupported);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(5));
}

TEST_F(DuckdbEngineTest, CancelStopsAStream) {
  std::stop_source source;
  const auto result = engine_->Run(
      Statement{"SELECT range FROM range(1000000000000)", {}}, {}, source.get_token());
  ASSERT_NE(result->Next(), nullptr);
  source.request_stop();
  try {
    while (result->Next()) {
    }
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kCancelled);
  }
  EXPECT_EQ(result->Next(), nullptr);
}

TEST_F(DuckdbEngineTest, MemoryIsLimited) {
  QueryLimits limits;
  limits.memory_bytes = 30'000'000;
  limits.threads = 1;
  const Error error = Fails(
      Statement{"SELECT list(range::text || 'xxxxxxxxxxxxxxxxxxxxx') FROM range(5000000)",
                {}},
      limits);
  EXPECT_EQ(error.kind(), ErrorKind::kLimit);
  EXPECT_THAT(error.what(), HasSubstr("--memory"));
}

TEST_F(DuckdbEngineTest, BytesReadAreLimited) {
  QueryLimits limits;
  limits.scan_bytes = 1000;
  const Error error = Fails({"SELECT sum(value) FROM holdings", {}}, limits);
  EXPECT_EQ(error.kind(), ErrorKind::kLimit);
  EXPECT_THAT(error.what(), HasSubstr("--max-scan"));
  EXPECT_EQ(Run({"SELECT count(*) FROM holdings", {}}, limits).ToString(), "49\n");
  limits.scan_bytes = 1'000'000;
  EXPECT_EQ(Run({"SELECT sum(value) FROM holdings", {}}, limits).ToString(), "1139.00\n");
}

TEST_F(DuckdbEngineTest, RowsAreLimited) {
  QueryLimits limits;
  limits.rows = 48;
  const Error error = Fails({"SELECT id FROM holdings", {}}, limits);
  EXPECT_EQ(error.kind(), ErrorKind::kLimit);
  EXPECT_THAT(error.what(), HasSubstr("--max-rows"));
  limits.rows = 49;
  EXPECT_EQ(Run({"SELECT id FROM holdings", {}}, limits).table->num_rows(), 49);
}

// On more than one core, what follows begins where short queries run.

TEST_F(DuckdbEngineTest, WhatTakesLongIsRunAnewAndCountsWhatItRead) {
  const auto answer =
      Run("SELECT count(*) FROM holdings, range(1000000) r "
          "WHERE id > 0 AND hash(r.range + id) % 3 = 5");
  EXPECT_EQ(answer.ToString(), "0\n");
  EXPECT_GT(answer.statistics.bytes_read, 0);
  EXPECT_GT(answer.statistics.files, 0);
}

TEST_F(DuckdbEngineTest, WhatTakesLongHasAllThreads) {
  QueryLimits limits;
  limits.threads = 2;
  const auto answer =
      Run({"SELECT current_setting('threads')::bigint FROM (SELECT count(*) "
           "FROM range(20000000) r WHERE hash(r.range) % 3 = 5)",
           {}},
          limits);
  EXPECT_EQ(answer.ToString(), "2\n");
}

TEST_F(DuckdbEngineTest, WhatNeedsMoreMemoryIsRunAnew) {
  QueryLimits limits;
  limits.memory_bytes = 100'000'000;  // A sixteenth of it is not enough.
  const auto answer =
      Run({"SELECT len(list(range::text || repeat('x', 100))) FROM range(100000)", {}},
          limits);
  EXPECT_EQ(answer.ToString(), "100000\n");
}

TEST_F(DuckdbEngineTest, SpillsWhatDoesNotFit) {
  QueryLimits limits;
  limits.memory_bytes = 60'000'000;
  limits.threads = 2;
  EXPECT_EQ(
      Run(
          Statement{
              "SELECT count(*) FROM (SELECT range, hash(range) AS h FROM range(4000000) "
              "ORDER BY h) WHERE range >= 0",
              {}},
          limits)
          .ToString(),
      "4000000\n");
  EXPECT_EQ(
      Run(
          Statement{
              "SELECT count(*) FROM (SELECT DISTINCT range::text || 'abcdefghijklmnop' "
              "FROM range(3000000))",
              {}},
          limits)
          .ToString(),
      "3000000\n");
}

TEST_F(ChangingLakeTest, EveryTypeIsReadAndPruned) {
  LakeType texts = Type(Kind::kList);
  texts.element = {Type(Kind::kString)};
  auto table = TestLake::Table(
      "everything",
      {Column("boolean", Type(Kind::kBoolean)), Column("int", Type(Kind::kInt)),
       Column("long", Type(Kind::kLong)), Column("float", Type(Kind::kFloat)),
       Column("double", Type(Kind::kDouble)), Column("small", Type(Kind::kDecimal, 9, 2)),
       Column("large", Type(Kind::kDecimal, 38, 10)), Column("date", Type(Kind::kDate)),
       Column("timestamp", Type(Kind::kTimestamp)),
       Column("moment", Type(Kind::kTimestampTz)), Column("string", Type(Kind::kString)),
       Column("bytes", Type(Kind::kBinary)), Column("list", texts),
       Column("filename", Type(Kind::kString))});
  const auto micros = arrow::timestamp(arrow::TimeUnit::MICRO);
  const auto zoned = arrow::timestamp(arrow::TimeUnit::MICRO, "UTC");
  const auto add = [&](const std::string& sign, const std::string& text) {
    const std::string number = "[" + sign + "7]";
    const std::string decimal = "[\"" + sign + "12345.67\"]";
    const std::string wide = "[\"" + sign + "1234567890123456789012345678.0123456789\"]";
    lake_.AddFile(
        &table, {},
        {Array(arrow::boolean(), sign.empty() ? "[true]" : "[false]"),
         Array(arrow::int32(), number), Array(arrow::int64(), number),
         Array(arrow::float32(), number), Array(arrow::float64(), number),
         Array(arrow::decimal128(9, 2), decimal), Array(arrow::decimal128(38, 10), wide),
         Array(arrow::date32(), number), Array(micros, number), Array(zoned, number),
         Array(arrow::utf8(), "[\"" + text + "\"]"),
         Array(arrow::binary(), "[\"" + text + "\"]"),
         Array(FileSchema(table.columns)->field(12)->type(),
               "[[\"" + text + "\", null]]"),
         Array(arrow::utf8(), "[\"" + text + "\"]")});
  };
  add("", "zebra");
  add("-", "antelope");
  lake_.Commit({table});
  EXPECT_EQ(
      Run("SELECT * EXCLUDE (bytes, list) FROM everything ORDER BY int").ToString(),
      "false|-7|-7|-7|-7|-12345.67|-1234567890123456789012345678.0123456789|1969-12-25|"
      "1969-12-31 23:59:59.999993|1969-12-31 23:59:59.999993Z|antelope|antelope\n"
      "true|7|7|7|7|12345.67|1234567890123456789012345678.0123456789|1970-01-08|"
      "1970-01-01 00:00:00.000007|1970-01-01 00:00:00.000007Z|zebra|zebra\n");
  EXPECT_EQ(Run("SELECT hex(bytes), list[1], len(list) FROM everything WHERE int > 0")
                .ToString(),
            "7A65627261|zebra|2\n");
  const std::pair<const char*, int64_t> cases[] = {
      {"boolean", 2},
      {"int > 0", 1},
      {"long > 0", 1},
      {"float > 0", 2},
      {"double > 0", 2},
      {"small > 0", 1},
      {"large > 0", 1},
      {"large > 1234567890123456789012345678.0123456788", 1},
      {"date > '1970-01-01'", 1},
      {"timestamp >= '1970-01-01'", 1},
      {"moment >= '1970-01-01 00:00:00+00'", 1},
      {"string >= 'zebra'", 1},
      {"string LIKE 'zeb%'", 1},
      {"bytes > '\\x7A'::blob", 2},
      {"list[1] = 'zebra'", 2},
      {"filename = 'zebra'", 1},
  };
  for (const auto& [condition, files] : cases) {
    const auto answer = Run(std::string("SELECT int FROM everything WHERE ") + condition);
    EXPECT_EQ(answer.ToString(), "7\n") << condition;
    EXPECT_EQ(answer.statistics.files, files) << condition;
  }
}

TEST_F(ChangingLakeTest, TablesAndColumnsMayHaveAnyName) {
  std::vector<TableMetadata> tables;
  const std::vector<std::string> names = {"it's \"odd\"", "year=1", "a*b", "Select",
                                          "é[x]?"};
  for (const std::string& name : names) {
    auto table = TestLake::Table(name, {Column("the \"column\"", Type(Kind::kInt))});
    lake_.AddFile(&table, {}, {Array(arrow::int32(), "[1]")});
    tables.push_back(std::move(table));
  }
  lake_.Commit(tables);
  for (std::string name : names) {
    for (size_t at = 0; (at = name.find('"', at)) != std::string::npos; at += 2) {
      name.insert(at, "\"");
    }
    EXPECT_EQ(Run("SELECT \"THE \"\"column\"\"\" FROM \"" + name + "\"").ToString(),
              "1\n");
  }
}

TEST_F(ChangingLakeTest, SeesNewVersions) {
  lake_.Commit({Orders(&lake_)});
  EXPECT_EQ(Run("SELECT count(*) FROM sales.orders").ToString(), "3\n");
  auto orders = Orders(&lake_);
  orders.snapshot_id = 2;
  orders.sequence_number = 2;
  lake_.AddFile(&orders, {}, {Array(arrow::int32(), "[4]")});
  lake_.Commit({orders});
  EXPECT_EQ(Run("SELECT count(*) FROM sales.orders").ToString(), "4\n");
}

TEST_F(ChangingLakeTest, AMovedLakeIsAConflict) {
  // One thread has one file open at a time, and stops when a megabyte of rows waits for
  // the reader. Each more would have read a file of its own before the first row came.
  QueryLimits limits;
  limits.threads = 1;
  auto texts = TestLake::Table("texts", {Column("text", Type(Kind::kString))});
  arrow::StringBuilder builder;
  std::mt19937 random(1);
  for (int row = 0; row < 5000; ++row) {
    std::string text(200, ' ');
    for (char& c : text) c = static_cast<char>('a' + random() % 26);
    ASSERT_TRUE(builder.Append(text).ok());
  }
  const auto column = builder.Finish().ValueOrDie();
  for (int file = 0; file < 20; ++file) lake_.AddFile(&texts, {}, {column});
  lake_.Commit({texts});
  const auto result = engine_->Run({"SELECT text FROM texts", {}}, limits, {});
  ASSERT_NE(result->Next(), nullptr);
  ASSERT_LT(result->statistics().files, 20);

  auto next = TestLake::Table("texts", texts.columns);
  next.sequence_number = 2;
  lake_.AddFile(&next, {}, {Array(arrow::utf8(), "[\"new\"]")});
  lake_.Commit({next});
  for (const DataFile& file : texts.files) lake_.store()->Delete(file.key);
  try {
    while (result->Next()) {
    }
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kConflict);
    EXPECT_TRUE(error.retryable());
  }
  EXPECT_EQ(Run("SELECT text FROM texts").ToString(), "new\n");
}

TEST_F(ChangingLakeTest, AMissingFileIsCorrupt) {
  lake_.Commit({Prices(&lake_)});
  lake_.store()->Delete(Current("prices").files.at(0).key);
  EXPECT_EQ(Fails("SELECT max(price) FROM prices").kind(), ErrorKind::kCorrupt);
}

TEST_F(ChangingLakeTest, ADamagedFileIsCorrupt) {
  lake_.Commit({Prices(&lake_)});
  const DataFile file = Current("prices").files.at(0);
  lake_.store()->Put(file.key, std::string(static_cast<size_t>(file.bytes), 'x'));
  const Error error = Fails("SELECT * FROM prices");
  EXPECT_EQ(error.kind(), ErrorKind::kCorrupt) << error.what();
}

TEST_F(DuckdbEngineTest, ManyThreadsShareOneEngine) {
  std::atomic<int> wrong = 0;
  std::vector<std::jthread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&, i] {
      for (int n = 0; n < 25; ++n) {
        const auto answer = Run(
            Statement{"SELECT max(id) FROM holdings WHERE month = ?", {int64_t{i + 1}}});
        if (answer.ToString() != std::to_string(4 * i + 3) + "\n") ++wrong;
        if (answer.statistics.files != 1) ++wrong;
      }
    });
  }
  threads.clear();
  EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace shoestring
