#include "engine/priced_engine.h"

#include <arrow/api.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "engine/duckdb_engine.h"
#include "engine/test_engine.h"
#include "engine/test_lake.h"

namespace shoestring {
namespace {

constexpr double kAthenaLeast = 5.0 * 10 / (1 << 20);

/// A table of one file, of some 30 KB.
class PricedEngineTest : public testing::Test {
 protected:
  PricedEngineTest() {
    LakeColumn id;
    id.name = "id";
    id.type.kind = LakeType::Kind::kLong;
    auto table = TestLake::Table("t", {id});
    arrow::Int64Builder builder;
    for (int64_t i = 0; i < 3000; ++i) {
      EXPECT_TRUE(builder.Append(i * i * 7919 % 1'000'003 << 20).ok());
    }
    lake_.AddFile(&table, {}, {builder.Finish().ValueOrDie()});
    lake_.Commit({table});
    planner_ = OpenStatementPlanner(lake_.store());
  }

  void Open(const std::string& name, double max_dollars = 0, Engine* inner = nullptr) {
    engine_ = MakePricedEngine(inner ? inner : &inner_,
                               {.engine = name,
                                .max_dollars = max_dollars,
                                .lake = [this] { return lake_.store(); },
                                .planner = [this] { return planner_.get(); },
                                .on_price = [this](const auto& told) { told_ = told; }});
  }

  ErrorKind Refused(const std::string& sql, const QueryLimits& limits = {}) {
    try {
      engine_->Run({sql, {}}, limits, {});
    } catch (const Error& error) {
      return error.kind();
    }
    ADD_FAILURE() << "it was run";
    return ErrorKind::kInternal;
  }

  TestLake lake_;
  TestEngine inner_;
  std::unique_ptr<StatementPlanner> planner_;
  std::unique_ptr<Engine> engine_;
  std::optional<std::variant<Foretold, Error>> told_;
};

TEST_F(PricedEngineTest, ThePriceIsToldBeforehand) {
  Open("athena");
  engine_->Run({"SELECT max(id) FROM t", {}}, {}, {});
  EXPECT_EQ(inner_.runs, 1);
  ASSERT_TRUE(told_);
  const auto& foretold = std::get<Foretold>(*told_);
  EXPECT_GT(foretold.price.reads.bytes, 3000);
  EXPECT_GE(foretold.price.dollars, kAthenaLeast);
  EXPECT_EQ(foretold.estimate.tables.at(0).files, 1);
}

TEST_F(PricedEngineTest, WhatCostsTooMuchIsNotRun) {
  Open("athena", kAthenaLeast / 2);
  EXPECT_EQ(Refused("SELECT max(id) FROM t"), ErrorKind::kLimit);
  Open("athena", 0.01);
  engine_->Run({"SELECT max(id) FROM t", {}}, {}, {});
  EXPECT_EQ(inner_.runs, 1);
  // And the engine is told how far the money goes.
  EXPECT_GT(inner_.last_limits.scan_bytes, 1 << 30);
  EXPECT_LT(inner_.last_limits.scan_bytes, 3ll << 30);
}

TEST_F(PricedEngineTest, WhatReadsTooMuchIsNotRun) {
  Open("trino");
  EXPECT_EQ(Refused("SELECT max(id) FROM t", {.scan_bytes = 1000}), ErrorKind::kLimit);
  EXPECT_EQ(inner_.runs, 0);
  engine_->Run({"SELECT max(id) FROM t", {}}, {.scan_bytes = 1'000'000}, {});
  EXPECT_EQ(inner_.last_limits.scan_bytes, 1'000'000);
  engine_->Run({"SELECT count(*) FROM t", {}}, {.scan_bytes = 1000}, {});
  EXPECT_EQ(inner_.runs, 2);
}

TEST_F(PricedEngineTest, WhatCannotBeToldIsRefusedForMoneyOnly) {
  const std::string foreign = "SELECT approx_percentile(id, 0.5) FROM t";
  Open("athena", 0.01);
  EXPECT_EQ(Refused(foreign), ErrorKind::kUnsupported);
  Open("athena");
  engine_->Run({foreign, {}}, {.scan_bytes = 1000}, {});  // The engine's to keep.
  EXPECT_TRUE(std::holds_alternative<Error>(*told_));
  EXPECT_EQ(inner_.last_limits.scan_bytes, 1000);
  Open("postgres", 0.01);
  EXPECT_EQ(Refused("SELECT 1"), ErrorKind::kUnsupported);
}

TEST_F(PricedEngineTest, DuckdbSaysItselfWhatIsWrong) {
  const auto duckdb = OpenDuckdbEngine(lake_.store());
  Open("duckdb", 0.01, duckdb.get());
  EXPECT_EQ(Refused("SELEC"), ErrorKind::kInvalidArgument);
  EXPECT_EQ(Refused("SELECT * FROM nowhere"), ErrorKind::kNotFound);
}

}  // namespace
}  // namespace shoestring
