// Queries on a lake that is far away: what they ask of the store.
#include <arrow/api.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <random>

#include "engine/duckdb_engine.h"
#include "engine/read_ahead.h"
#include "engine/test_lake.h"
#include "lake/test_distant_store.h"

namespace shoestring {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::UnorderedElementsAre;
using Kind = LakeType::Kind;

constexpr int kFiles = 40;

std::shared_ptr<arrow::Array> Numbers(int64_t first, int64_t count) {
  arrow::Int64Builder builder;
  for (int64_t i = first; i < first + count; ++i) EXPECT_TRUE(builder.Append(i).ok());
  return builder.Finish().ValueOrDie();
}

/// What no encoding makes small.
std::shared_ptr<arrow::Array> Noise(int64_t count) {
  std::mt19937_64 random(1);
  arrow::Int64Builder builder;
  for (int64_t i = 0; i < count; ++i) {
    EXPECT_TRUE(builder.Append(static_cast<int64_t>(random())).ok());
  }
  return builder.Finish().ValueOrDie();
}

/// 40 files of 100 rows, by month, and another table.
class DuckdbRemoteTest : public testing::Test {
 protected:
  DuckdbRemoteTest() {
    LakeColumn id{.name = "id", .type = {.kind = Kind::kLong}};
    numbers_ = TestLake::Table("numbers", {id}, {Granularity::kMonth, "id"});
    for (int i = 0; i < kFiles; ++i) {
      lake_.AddFile(&numbers_, {2020 + i / 12, i % 12 + 1}, {Numbers(100 * i, 100)});
    }
    auto other = TestLake::Table("other", {id});
    lake_.AddFile(&other, {}, {Numbers(0, 10)});
    lake_.Commit({numbers_, other});
    Open();
  }

  void Open() {
    engine_ = OpenDuckdbEngine(&store_);
    store_.TakeRequests();
  }

  int64_t Ask(const std::string& sql, std::stop_token cancel = {}, int threads = 2) {
    QueryLimits limits;
    limits.threads = threads;
    const auto result = engine_->Run({sql, {}}, limits, std::move(cancel));
    int64_t answer = -1;
    while (const auto batch = result->Next()) {
      answer = static_cast<const arrow::Int64Array&>(*batch->column(0)).Value(0);
    }
    return answer;
  }

  size_t Requests() { return store_.TakeRequests().size(); }

  TestLake lake_;
  DistantStore store_{lake_.store(), milliseconds(5)};
  TableMetadata numbers_;
  std::unique_ptr<Engine> engine_;
};

TEST_F(DuckdbRemoteTest, AColdQueryAsksForTheCatalogAndOncePerFile) {
  EXPECT_EQ(Ask("SELECT max(id)::bigint FROM numbers WHERE id >= 3850"), 3999);
  EXPECT_THAT(
      store_.TakeRequests(),
      UnorderedElementsAre(
          "Get catalog/lake.json", "Get catalog/numbers/test0.metadata.json",
          "Get catalog/numbers/test0-snap.avro", "Get catalog/numbers/test0-m0.avro",
          "ReadRange " + numbers_.files[38].key, "ReadRange " + numbers_.files[39].key));
}

TEST_F(DuckdbRemoteTest, AgainItAsksOnlyWhetherTheLakeMoved) {
  EXPECT_EQ(Ask("SELECT sum(id)::bigint FROM numbers"), 7998000);
  EXPECT_EQ(Requests(), 4 + kFiles);
  EXPECT_EQ(Ask("SELECT sum(id)::bigint FROM numbers"), 7998000);
  EXPECT_THAT(store_.TakeRequests(), ElementsAre("Get catalog/lake.json"));
  EXPECT_EQ(Ask("SELECT min(id)::bigint FROM numbers WHERE id > 77"), 78);
  EXPECT_THAT(store_.TakeRequests(), ElementsAre("Get catalog/lake.json"));
  EXPECT_EQ(Ask("SELECT max(id)::bigint FROM other"), 9);
  EXPECT_EQ(Requests(), 5);
}

TEST_F(DuckdbRemoteTest, ANewVersionOfOneTableLeavesTheOthersHere) {
  EXPECT_EQ(Ask("SELECT sum(id)::bigint FROM numbers"), 7998000);
  auto other = TestLake::Table("other", numbers_.columns);
  other.sequence_number = 2;
  lake_.AddFile(&other, {}, {Numbers(0, 20)});
  lake_.Commit({other});
  store_.TakeRequests();
  EXPECT_EQ(Ask("SELECT sum(id)::bigint FROM numbers"), 7998000);
  EXPECT_THAT(store_.TakeRequests(), ElementsAre("Get catalog/lake.json"));
  EXPECT_EQ(Ask("SELECT max(id)::bigint FROM other"), 19);
  EXPECT_EQ(Requests(), 5);
}

TEST_F(DuckdbRemoteTest, ReadsSideBySide) {
  EXPECT_EQ(Ask("SELECT sum(id)::bigint FROM numbers"), 7998000);
  EXPECT_GT(store_.most(), 4);  // The query's own threads are two.
}

TEST_F(DuckdbRemoteTest, TwoScansOfATableReadItOnce) {
  EXPECT_EQ(
      Ask("SELECT count(*)::bigint FROM numbers a JOIN numbers b ON a.id + 1 = b.id "
          "WHERE a.id % 2 = 0 AND b.id % 2 = 1"),
      2000);
  EXPECT_EQ(Requests(), 4 + kFiles);
}

TEST_F(DuckdbRemoteTest, ALimitReadsAFewFiles) {
  EXPECT_EQ(Ask("SELECT 1::bigint FROM numbers WHERE id >= 0 LIMIT 1", {}, 1), 1);
  EXPECT_LT(Requests(), 4 + kFiles / 2);
}

TEST_F(DuckdbRemoteTest, TheStoresErrorsReachTheUser) {
  for (const ErrorKind kind : {ErrorKind::kPermission, ErrorKind::kUnavailable,
                               ErrorKind::kTimeout, ErrorKind::kNotFound}) {
    for (const int file_number : {0, 30}) {
      const std::string& file = numbers_.files[static_cast<size_t>(file_number)].key;
      Open();
      store_.OnRequest([&](std::string_view, std::string_view key) {
        if (key == file) throw Fail(kind, "The store's own words");
      });
      try {
        Ask("SELECT sum(id)::bigint FROM numbers");
        FAIL();
      } catch (const Error& error) {
        // The lake is the same, so that the file should be there.
        const auto expected = kind == ErrorKind::kNotFound ? ErrorKind::kCorrupt : kind;
        EXPECT_EQ(error.kind(), expected) << error.what();
        EXPECT_THAT(error.what(), testing::HasSubstr("The store's own words"));
      }
      store_.OnRequest([](std::string_view, std::string_view) {});
      EXPECT_EQ(Ask("SELECT sum(id)::bigint FROM numbers"), 7998000);
    }
  }
}

TEST_F(DuckdbRemoteTest, CancelEndsTheReadAhead) {
  std::stop_source source;
  std::atomic<int> reads = 0;
  store_.OnRequest([&](std::string_view call, std::string_view) {
    if (call == "ReadRange" && ++reads == 3) source.request_stop();
  });
  try {
    Ask("SELECT sum(id)::bigint FROM numbers", source.get_token());
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kCancelled);
  }
  const int at_the_end = reads;
  std::this_thread::sleep_for(milliseconds(50));
  EXPECT_LT(reads, kFiles);
  EXPECT_LE(reads - at_the_end, RemoteReads::kThreads);  // Those under way.
}

TEST_F(DuckdbRemoteTest, ManyQueriesAtOnce) {
  std::atomic<int> wrong = 0;
  std::vector<std::jthread> threads;
  for (int i = 0; i < 6; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 3; ++n) {
        if (Ask("SELECT sum(id)::bigint FROM numbers") != 7998000) ++wrong;
      }
    });
  }
  threads.clear();
  EXPECT_EQ(wrong, 0);
  size_t reads = 0;
  for (const std::string& request : store_.TakeRequests()) {
    if (request.starts_with("ReadRange")) ++reads;
  }
  EXPECT_EQ(reads, kFiles);
}

/// One file of 8 row groups, too large to be read whole.
TEST(DuckdbRemoteLargeFile, ReadsTheColumnsOfTheRowGroupsThatCanMatch) {
  TestLake lake;
  DistantStore store(lake.store());
  std::vector<LakeColumn> columns;
  for (const char* name : {"id", "a", "b"}) {
    columns.push_back({.name = name, .type = {.kind = Kind::kLong}});
  }
  auto wide = TestLake::Table("wide", columns);
  constexpr int64_t kGroup = 1 << 17;
  const auto noise = Noise(8 * kGroup);
  lake.AddFile(&wide, {}, {Numbers(0, 8 * kGroup), noise, noise}, kGroup);
  lake.Commit({wide});
  ASSERT_GT(wide.files[0].bytes, 2 * ReadCache::kWholeFile);
  const auto engine = OpenDuckdbEngine(&store);
  const auto result = engine->Run(
      {"SELECT sum(id)::bigint FROM wide WHERE id >= 300000 AND id < 301000", {}}, {},
      {});
  while (result->Next()) {
  }
  const auto used = result->statistics();
  EXPECT_EQ(used.requests, 2);  // The file's end, and one column of one row group.
  EXPECT_LT(used.bytes_read, 2 << 20);
}

}  // namespace
}  // namespace shoestring
