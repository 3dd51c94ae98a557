#include "engine/result_cache.h"

#include <arrow/api.h>
#include <arrow/json/from_string.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>

#include "base/error.h"
#include "engine/cached_engine.h"
#include "engine/duckdb_engine.h"
#include "engine/statement_plan.h"
#include "engine/test_lake.h"

namespace shoestring {
namespace {

namespace fs = std::filesystem;

std::shared_ptr<arrow::RecordBatch> Batch(const std::string& json) {
  const auto type = arrow::struct_(
      {arrow::field("id", arrow::int64()), arrow::field("name", arrow::utf8())});
  return arrow::RecordBatch::FromStructArray(
             arrow::json::ArrayFromJSONString(type, json).ValueOrDie())
      .ValueOrDie();
}

class ResultCacheTest : public testing::Test {
 protected:
  ResultCacheTest() {
    std::string name = fs::temp_directory_path() / "cache-XXXXXX";
    root_ = mkdtemp(name.data());
    folder_ = root_ + "/results";
  }
  ~ResultCacheTest() override { fs::remove_all(root_); }

  ResultCache Cache(ResultCache::Bounds bounds = {}) const {
    return ResultCache(folder_, bounds);
  }

  static void Keep(const ResultCache& cache, const std::string& key, int64_t id) {
    const auto batch = Batch("[[" + std::to_string(id) + ", \"one\"], [null, null]]");
    const auto writer = cache.Begin(key, batch->schema());
    writer->Write(*batch);
    writer->Finish();
  }

  std::vector<fs::path> Files() const {
    std::vector<fs::path> files;
    for (const auto& file : fs::directory_iterator(folder_)) files.push_back(file.path());
    return files;
  }

  std::string root_;
  std::string folder_;
};

TEST_F(ResultCacheTest, WhatWasKeptIsFound) {
  const auto cache = Cache();
  EXPECT_FALSE(cache.Find("key"));
  Keep(cache, "key", 1);
  const auto answer = Cache().Find("key");
  ASSERT_TRUE(answer);
  ASSERT_EQ(answer->batches.size(), 1u);
  EXPECT_TRUE(answer->batches[0]->Equals(*Batch("[[1, \"one\"], [null, null]]")));
  EXPECT_LT(answer->age, std::chrono::minutes(1));
  EXPECT_FALSE(cache.Find("another key"));
}

TEST_F(ResultCacheTest, AnAnswerWithoutRowsIsOne) {
  const auto cache = Cache();
  cache.Begin("key", arrow::schema({arrow::field("id", arrow::int64())}))->Finish();
  const auto answer = cache.Find("key");
  ASSERT_TRUE(answer);
  EXPECT_TRUE(answer->batches.empty());
  EXPECT_EQ(answer->schema->num_fields(), 1);
}

TEST_F(ResultCacheTest, WhatWasNotFinishedIsNotFound) {
  const auto cache = Cache();
  const auto batch = Batch("[[1, \"one\"]]");
  cache.Begin("key", batch->schema())->Write(*batch);
  EXPECT_FALSE(cache.Find("key"));
  EXPECT_TRUE(Files().empty());
}

TEST_F(ResultCacheTest, NobodyElseMayReadIt) {
  const auto cache = Cache();
  Keep(cache, "key", 1);
  struct stat info {};
  ASSERT_EQ(stat(folder_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0700u);
  ASSERT_EQ(stat(Files().at(0).c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
}

TEST_F(ResultCacheTest, EachByteThatIsAnotherMakesItNoAnswer) {
  const auto cache = Cache();
  Keep(cache, "key", 1);
  const fs::path path = Files().at(0);
  std::string good(fs::file_size(path), '\0');
  std::ifstream(path, std::ios::binary)
      .read(good.data(), static_cast<std::streamsize>(good.size()));
  const auto put = [&](std::string_view bytes) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
  };
  for (size_t at = 0; at < good.size(); ++at) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 0x10);
    put(bad);
    EXPECT_FALSE(cache.Find("key")) << at;
    EXPECT_FALSE(fs::exists(path)) << at;
  }
  for (const size_t size : {size_t{0}, size_t{39}, good.size() / 2, good.size() - 1}) {
    put(std::string_view(good).substr(0, size));
    EXPECT_FALSE(cache.Find("key")) << size;
  }
  put(good);
  EXPECT_TRUE(cache.Find("key"));
}

TEST_F(ResultCacheTest, AFileOfAnotherKeyIsNoAnswer) {
  const auto cache = Cache();
  Keep(cache, "a", 1);
  const fs::path of_a = Files().at(0);
  Keep(cache, "b", 2);
  for (const fs::path& path : Files()) {
    if (path != of_a) fs::rename(of_a, path);
  }
  EXPECT_FALSE(cache.Find("b"));
}

TEST_F(ResultCacheTest, TheOldestGoesFirst) {
  const auto cache = Cache({.bytes = 1 << 20, .entries = 3});
  using std::chrono::hours;
  for (int64_t id = 0; id < 3; ++id) {
    Keep(cache, std::to_string(id), id);
    for (const fs::path& path : Files()) {
      fs::last_write_time(path, fs::last_write_time(path) - hours(1));
    }
  }
  EXPECT_TRUE(cache.Find("0"));  // It was used.
  Keep(cache, "3", 3);
  EXPECT_EQ(Files().size(), 3u);
  EXPECT_TRUE(cache.Find("0"));
  EXPECT_FALSE(cache.Find("1"));
  EXPECT_TRUE(cache.Find("3"));
}

TEST_F(ResultCacheTest, ItHoldsNoMoreBytesThanItMay) {
  constexpr int64_t kMost = 20'000;
  const auto cache = Cache({.bytes = kMost, .entries = 1000, .entry_bytes = 5'000});
  for (int64_t id = 0; id < 60; ++id) Keep(cache, std::to_string(id), id);
  int64_t bytes = 0;
  for (const fs::path& path : Files()) bytes += static_cast<int64_t>(fs::file_size(path));
  EXPECT_LE(bytes, kMost);
  EXPECT_TRUE(cache.Find("59"));
}

TEST_F(ResultCacheTest, AnAnswerThatIsTooLargeIsNotKept) {
  const auto cache = Cache({.entry_bytes = 4'000});
  const auto batch = Batch("[[1, \"" + std::string(5'000, 'x') + "\"]]");
  const auto writer = cache.Begin("key", batch->schema());
  writer->Write(*batch);
  writer->Finish();
  EXPECT_FALSE(cache.Find("key"));
}

TEST_F(ResultCacheTest, WhatAKilledProcessLeftGoesAfterAWhile) {
  const auto cache = Cache();
  const fs::path old = folder_ + "/0123.answer.1-1.part";
  std::ofstream(old) << "half";
  fs::last_write_time(old, fs::last_write_time(old) - std::chrono::hours(2));
  std::ofstream(folder_ + "/0124.answer.1-2.part") << "being written";
  Keep(cache, "key", 1);
  EXPECT_FALSE(fs::exists(old));
  EXPECT_EQ(Files().size(), 2u);
}

TEST_F(ResultCacheTest, ManyThreadsKeepAndFind) {
  const auto cache = Cache({.bytes = 60'000, .entries = 20});
  std::vector<std::jthread> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&, thread] {
      for (int64_t i = 0; i < 100; ++i) {
        const int64_t id = (i * 7 + thread) % 40;
        Keep(cache, std::to_string(id), id);
        const auto answer = cache.Find(std::to_string(id));
        if (!answer) continue;
        const auto& ids =
            static_cast<const arrow::Int64Array&>(*answer->batches.at(0)->column(0));
        EXPECT_EQ(ids.Value(0), id);
      }
    });
  }
  threads.clear();
  EXPECT_LE(Files().size(), 20u);
}

// --- in front of an engine

class CachedEngineTest : public ResultCacheTest {
 protected:
  CachedEngineTest() {
    Commit(1);
    Open();
  }

  void Commit(int64_t rows) {
    LakeColumn id;
    id.name = "id";
    id.type.kind = LakeType::Kind::kLong;
    auto table = TestLake::Table("t", {id});
    arrow::Int64Builder builder;
    for (int64_t i = 0; i < rows; ++i) ASSERT_TRUE(builder.Append(i).ok());
    lake_.AddFile(&table, {}, {builder.Finish().ValueOrDie()});
    lake_.Commit({table});
  }

  void Open() {
    inner_ = OpenDuckdbEngine(lake_.store());
    cache_ = std::make_unique<ResultCache>(folder_, ResultCache::Bounds());
    engine_ = MakeCachedEngine(inner_.get(), cache_.get(), {"duckdb 1", "lake"});
  }

  struct Given {
    int64_t first = -1;
    int64_t rows = 0;
    bool cached = false;
  };

  Given Ask(const std::string& sql, std::vector<Parameter> parameters = {},
            const QueryLimits& limits = {}) {
    const auto result = engine_->Run({sql, std::move(parameters)}, limits, {});
    Given given;
    while (const auto batch = result->Next()) {
      if (given.rows == 0 && batch->column(0)->type_id() == arrow::Type::INT64) {
        given.first = static_cast<const arrow::Int64Array&>(*batch->column(0)).Value(0);
      }
      given.rows += batch->num_rows();
    }
    given.cached = result->statistics().cached_for.has_value();
    return given;
  }

  TestLake lake_;
  std::unique_ptr<Engine> inner_;
  std::unique_ptr<ResultCache> cache_;
  std::unique_ptr<Engine> engine_;
};

TEST_F(CachedEngineTest, TheSameIsAnsweredOnce) {
  const std::string sql = "SELECT max(id) AS m FROM t";
  EXPECT_FALSE(Ask(sql).cached);
  const auto again = Ask(sql);
  EXPECT_TRUE(again.cached);
  EXPECT_EQ(again.first, 0);
  EXPECT_EQ(again.rows, 1);
  Open();  // Another process finds it, too.
  EXPECT_TRUE(Ask(sql).cached);
}

TEST_F(CachedEngineTest, AnotherVersionIsAskedAnew) {
  const std::string sql = "SELECT count(*) AS n FROM t";
  EXPECT_EQ(Ask(sql).first, 1);
  Commit(5);
  const auto next = Ask(sql);
  EXPECT_FALSE(next.cached);
  EXPECT_EQ(next.first, 5);
  EXPECT_TRUE(Ask(sql).cached);
}

TEST_F(CachedEngineTest, OtherParametersAreOtherStatements) {
  const std::string sql = "SELECT $1::bigint + id AS n FROM t";
  EXPECT_EQ(Ask(sql, {int64_t{1}}).first, 1);
  EXPECT_EQ(Ask(sql, {int64_t{2}}).first, 2);
  EXPECT_EQ(Ask(sql, {std::string("2")}).cached, false);
  const auto again = Ask(sql, {int64_t{1}});
  EXPECT_TRUE(again.cached);
  EXPECT_EQ(again.first, 1);
}

TEST_F(CachedEngineTest, WhatIsNotRepeatableIsRunEachTime) {
  for (const std::string sql : {"SELECT id, now() FROM t", "SELECT id, random() FROM t",
                                "SELECT 1", "SHOW TABLES"}) {
    EXPECT_FALSE(Ask(sql).cached) << sql;
    EXPECT_FALSE(Ask(sql).cached) << sql;
  }
}

TEST_F(CachedEngineTest, AnAnswerThatNobodyReadToItsEndIsNotKept) {
  const std::string sql = "SELECT id FROM t";
  engine_->Run({sql, {}}, {}, {});
  EXPECT_FALSE(Ask(sql).cached);
  EXPECT_TRUE(Ask(sql).cached);
}

TEST_F(CachedEngineTest, LimitsHoldForKnownAnswers) {
  Commit(5);
  const std::string sql = "SELECT id FROM t";
  EXPECT_EQ(Ask(sql).rows, 5);
  EXPECT_THROW(Ask(sql, {}, {.rows = 4}), Error);
  EXPECT_TRUE(Ask(sql, {}, {.rows = 5}).cached);
}

TEST_F(CachedEngineTest, WrongStatementsFailAsWithoutIt) {
  EXPECT_THROW(Ask("SELEC"), Error);
  EXPECT_THROW(Ask("SELECT * FROM nowhere"), Error);
}

TEST_F(CachedEngineTest, AllTypesComeBackAsTheyWere) {
  const std::string sql =
      "SELECT sum(id) AS huge, 1.50::decimal(18, 2) AS d, DATE '2024-02-29' AS day, "
      "TIMESTAMPTZ '2024-02-29 12:00:00Z' AS at, [1, NULL] AS list, 'x' AS t, "
      "'\\xDE'::blob AS b, 'NaN'::double AS n, "
      "'00000000-0000-4000-8000-000000000001'::uuid AS u, '{\"a\":1}'::json AS j, "
      "INTERVAL 3 DAYS AS i, {'a': 1} AS s FROM t";
  const auto all = [&](bool* cached) {
    const auto result = engine_->Run({sql, {}}, {}, {});
    auto batch = result->Next();
    while (result->Next()) {
    }
    *cached = result->statistics().cached_for.has_value();
    return batch;
  };
  bool cached = true;
  const auto first = all(&cached);
  EXPECT_FALSE(cached);
  const auto again = all(&cached);
  EXPECT_TRUE(cached);
  ASSERT_TRUE(first && again);
  EXPECT_TRUE(again->Equals(*first, /*check_metadata=*/true,
                            arrow::EqualOptions().nans_equal(true)));
}

TEST_F(CachedEngineTest, TwoHundredQueriesFromEightThreads) {
  Commit(1000);
  std::atomic<int> wrong = 0;
  std::vector<std::jthread> threads;
  for (int thread = 0; thread < 8; ++thread) {
    threads.emplace_back([&, thread] {
      for (int64_t i = 0; i < 25; ++i) {
        const int64_t least = (i * 8 + thread) % 40;
        const auto given = Ask("SELECT min(id) AS m FROM t WHERE id >= ?", {least});
        if (given.rows != 1 || given.first != least) ++wrong;
      }
    });
  }
  threads.clear();
  EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace shoestring
