#include "api/rest_api.h"

#include <arrow/api.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/api_error.h"
#include "engine/duckdb_engine.h"
#include "engine/test_lake.h"

namespace shoestring {
namespace {

/// Remembers what the queries of the last request have read.
class Watched : public Engine {
 public:
  explicit Watched(std::unique_ptr<Engine> engine) : engine_(std::move(engine)) {}

  std::unique_ptr<QueryResult> Run(const Statement& statement, const QueryLimits& limits,
                                   std::stop_token cancel) override {
    ++queries;
    if (before_query) before_query();
    return std::make_unique<Result>(engine_->Run(statement, limits, std::move(cancel)),
                                    this);
  }

  std::function<void()> before_query;
  int queries = 0;
  int64_t files = 0;

 private:
  class Result : public QueryResult {
   public:
    Result(std::unique_ptr<QueryResult> result, Watched* of)
        : result_(std::move(result)), of_(of) {}
    ~Result() override { of_->files += result_->statistics().files; }
    Result(const Result&) = delete;
    Result& operator=(const Result&) = delete;
    std::shared_ptr<arrow::Schema> schema() const override { return result_->schema(); }
    std::shared_ptr<arrow::RecordBatch> Next() override { return result_->Next(); }
    QueryStatistics statistics() const override { return result_->statistics(); }

   private:
    std::unique_ptr<QueryResult> result_;
    Watched* of_;
  };

  std::unique_ptr<Engine> engine_;
};

template <typename Builder, typename Value>
std::shared_ptr<arrow::Array> Column(const std::shared_ptr<arrow::DataType>& type,
                                     const std::vector<Value>& values) {
  Builder builder(type, arrow::default_memory_pool());
  for (const Value& value : values) EXPECT_TRUE(builder.Append(value).ok());
  return *builder.Finish();
}

const CallersAccess kAll = [](const LakeSchema&) {
  Access access;
  access.all_tables = true;
  return access;
};

class RestApiTest : public testing::Test {
 protected:
  /// A version of the table with two days of so many years.
  void Commit(int years) {
    TableMetadata table = TestLake::Table(
        "events",
        {{.name = "id", .type = {.kind = LakeType::Kind::kLong}, .source_type = "bigint"},
         {.name = "day", .type = {.kind = LakeType::Kind::kDate}, .source_type = "date"}},
        {.granularity = Granularity::kYear, .column = "day"});
    table.properties["shoestring.primary-key"] = R"(["id"])";
    table.sequence_number = ++versions_;
    for (int year = 0; year < years; ++year) {
      const int32_t day = 18262 + year * 366;
      lake_.AddFile(
          &table, {2020 + year},
          {Column<arrow::Int64Builder, int64_t>(arrow::int64(), {year * 2, year * 2 + 1}),
           Column<arrow::Date32Builder, int32_t>(arrow::date32(), {day, day + 1})});
    }
    lake_.Commit({table});
  }

  RestApiTest() {
    Commit(3);
    engine_ = std::make_unique<Watched>(OpenDuckdbEngine(lake_.store()));
    api_ = std::make_unique<RestApi>(engine_.get(), ReadLakeSchema(lake_.store()),
                                     RestOptions(), [this] {
                                       if (looks_)
                                         api_->SetSchema(ReadLakeSchema(lake_.store()));
                                     });
  }

  std::string Get(const std::string& query, const char* prefer = "") {
    engine_->files = engine_->queries = 0;
    ApiResponse response =
        api_->Handle({"GET", "/rest/v1/events", query, {{"prefer", prefer}}, ""}, kAll,
                     {}, std::chrono::seconds(30));
    for (const auto& [name, value] : response.headers) {
      if (name == "Content-Range") range_ = value;
    }
    std::string body;
    while (auto piece = response.body->Next()) body += *piece;
    return body;
  }

  TestLake lake_;
  int versions_ = 0;
  bool looks_ = true;
  std::unique_ptr<Watched> engine_;
  std::unique_ptr<RestApi> api_;
  std::string range_;
};

TEST_F(RestApiTest, FilesThatCannotMatchAreNotOpened) {
  EXPECT_EQ(Get("day=eq.2021-01-01&select=id"), R"([{"id":2}])");
  EXPECT_EQ(engine_->files, 1);
  EXPECT_EQ(Get("year=eq.2022&select=id&limit=1"), R"([{"id":4}])");
  EXPECT_EQ(engine_->files, 1);
  EXPECT_EQ(Get("id=in.(0,1)&select=day"),
            "[{\"day\":\"2020-01-01\"},\n {\"day\":\"2020-01-02\"}]");
  EXPECT_EQ(engine_->files, 1);
}

TEST_F(RestApiTest, ACountWithoutFiltersAsksNobody) {
  EXPECT_EQ(Get("limit=1&select=id&order=id", "count=exact"), R"([{"id":0}])");
  EXPECT_EQ(range_, "0-0/6");
  EXPECT_EQ(engine_->queries, 1);
}

TEST_F(RestApiTest, ACountIsOfTheVersionThatTheRowsAreOf) {
  Commit(4);
  EXPECT_EQ(Get("limit=1&select=id&order=id", "count=exact"), R"([{"id":0}])");
  EXPECT_EQ(range_, "0-0/8");
}

TEST_F(RestApiTest, AllQueriesOfARequestReadOneVersion) {
  int commits = 0;
  engine_->before_query = [&] {
    if (engine_->queries == 2 || engine_->queries == 4) Commit(4 + commits++);
  };
  // The first query and the count, each of another version, twice; then both of one.
  EXPECT_EQ(Get("limit=1&select=id&id=gte.3", "count=exact"), R"([{"id":3}])");
  EXPECT_EQ(range_, "0-0/7");
  EXPECT_EQ(engine_->queries, 6);
}

TEST_F(RestApiTest, WhatTheCallerMaySeeIsOfTheVersionThatIsRead) {
  Commit(4);
  std::vector<int64_t> rows;
  const auto access_of = [&](const LakeSchema& schema) {
    rows.push_back(schema.tables.at("events").rows);
    if (rows.back() == 8) throw ApiError(403, "42501", "closed");
    return kAll(schema);
  };
  EXPECT_EQ(api_->Handle({"GET", "/events", "", {}, ""}, access_of, {}, {}).status, 403);
  EXPECT_EQ(rows, (std::vector<int64_t>{6, 8}));
}

TEST_F(RestApiTest, AVersionThatCannotBeReadIsUnavailable) {
  looks_ = false;
  Commit(4);
  EXPECT_EQ(api_->Handle({"GET", "/events", "", {}, ""}, kAll, {}, {}).status, 503);
}

TEST_F(RestApiTest, ALakeThatMovesAllTheTimeIsUnavailable) {
  engine_->before_query = [&] { Commit(3 + engine_->queries % 2); };
  EXPECT_THAT(Get("limit=1&select=id&id=gte.3", "count=exact"),
              testing::HasSubstr("The lake moved to a newer version"));
}

TEST_F(RestApiTest, AQueryThatIsCancelledIsAnAnswerToo) {
  std::stop_source stop;
  stop.request_stop();
  const ApiResponse response = api_->Handle({"GET", "/events", "", {}, ""}, kAll,
                                            stop.get_token(), std::chrono::seconds(30));
  EXPECT_EQ(response.status, 500);
}

}  // namespace
}  // namespace shoestring
