#include "engine/recorded_engine.h"

#include <gtest/gtest.h>

#include <vector>

#include "base/error.h"
#include "engine/test_engine.h"

namespace shoestring {
namespace {

class RecordedEngineTest : public testing::Test {
 protected:
  RecordedEngineTest() {
    engine_ = MakeRecordedEngine(&inner_, "athena", [this](const LedgerEntry& entry) {
      entries_.push_back(entry);
    });
  }

  void RunToTheEnd(const std::string& sql = "SELECT 1") {
    const auto result = engine_->Run({sql, {}}, {}, {});
    while (result->Next()) {
    }
  }

  TestEngine inner_;
  std::vector<LedgerEntry> entries_;
  std::unique_ptr<Engine> engine_;
};

TEST_F(RecordedEngineTest, OnceAtTheEnd) {
  inner_.statistics.rows = 1;
  inner_.statistics.bytes_read = 1000;
  inner_.statistics.requests = 3;
  inner_.statistics.dollars = 0.5;
  inner_.statistics.reused = true;
  inner_.statistics.wall = std::chrono::milliseconds(12);
  RunToTheEnd("SELECT *  FROM t WHERE name = 'Ada'");
  ASSERT_EQ(entries_.size(), 1u);
  const LedgerEntry& entry = entries_[0];
  EXPECT_EQ(entry.engine, "athena");
  EXPECT_EQ(entry.statement, "SELECT * FROM t WHERE name = ?");
  EXPECT_EQ(entry.outcome, "ok");
  EXPECT_EQ(entry.rows, 1);
  EXPECT_EQ(entry.bytes, 1000);
  EXPECT_EQ(entry.requests, 3);
  EXPECT_EQ(entry.dollars, 0.5);
  EXPECT_EQ(entry.wall_ms, 12);
  EXPECT_TRUE(entry.reused);
  EXPECT_FALSE(entry.cached);
  EXPECT_GT(entry.time_ms, 1'700'000'000'000);
}

TEST_F(RecordedEngineTest, TheSameTextHasTheSameId) {
  RunToTheEnd("SELECT 1");
  RunToTheEnd("SELECT 2");
  RunToTheEnd("SELECT 1");
  ASSERT_EQ(entries_.size(), 3u);
  EXPECT_EQ(entries_[0].statement_id, entries_[2].statement_id);
  EXPECT_NE(entries_[0].statement_id, entries_[1].statement_id);
  EXPECT_EQ(entries_[0].statement, entries_[1].statement);
}

TEST_F(RecordedEngineTest, WhatFailedOnTheWayIsWrittenDown) {
  inner_.failure = Error(ErrorKind::kTimeout, "too long");
  inner_.statistics.bytes_read = 1000;
  EXPECT_THROW(RunToTheEnd(), Error);
  ASSERT_EQ(entries_.size(), 1u);
  EXPECT_EQ(entries_[0].outcome, "timeout");
  EXPECT_EQ(entries_[0].bytes, 1000);
}

TEST_F(RecordedEngineTest, WhatItsReaderLeftIsStopped) {
  engine_->Run({"SELECT 1", {}}, {}, {})->Next();
  ASSERT_EQ(entries_.size(), 1u);
  EXPECT_EQ(entries_[0].outcome, "stopped");
}

TEST_F(RecordedEngineTest, WhatWasNotRunIsNot) {
  inner_.refusal = Error(ErrorKind::kInvalidArgument, "wrong");
  EXPECT_THROW(RunToTheEnd(), Error);
  EXPECT_TRUE(entries_.empty());
  inner_.refusal = Error(ErrorKind::kUnavailable, "the server has gone");
  EXPECT_THROW(RunToTheEnd(), Error);
  ASSERT_EQ(entries_.size(), 1u);
  EXPECT_EQ(entries_[0].outcome, "unavailable");
}

TEST_F(RecordedEngineTest, LongTextsAreCut) {
  RunToTheEnd("SELECT " + std::string(1000, 'x') + "\x1B");
  EXPECT_LT(entries_.at(0).statement.size(), 200u);
}

}  // namespace
}  // namespace shoestring
