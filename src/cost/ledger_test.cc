#include "cost/ledger.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "base/error.h"

namespace shoestring {
namespace {

LedgerEntry Entry(std::string engine = "duckdb", int64_t time_ms = 1'700'000'000'000) {
  LedgerEntry entry;
  entry.time_ms = time_ms;
  entry.engine = std::move(engine);
  entry.statement_id = "0123456789abcdef";
  entry.statement = "SELECT \"é\" FROM t WHERE a = ?";
  entry.outcome = "ok";
  entry.rows = 3;
  entry.bytes = 1 << 20;
  entry.requests = 7;
  entry.dollars = 0.000047;
  entry.wall_ms = 12;
  return entry;
}

class LedgerTest : public testing::Test {
 protected:
  LedgerTest() {
    std::string name = std::filesystem::temp_directory_path() / "ledger-XXXXXX";
    folder_ = mkdtemp(name.data());
  }
  ~LedgerTest() override { std::filesystem::remove_all(folder_); }

  std::string Path() const { return folder_ + "/ledger.jsonl"; }

  std::string folder_;
};

TEST_F(LedgerTest, WhatWasWrittenIsRead) {
  const Ledger ledger(Path());
  EXPECT_TRUE(ledger.Read().entries.empty());
  ledger.Append(Entry());
  ledger.Append(Entry("athena"));
  const auto contents = Ledger(Path()).Read();
  EXPECT_EQ(contents.entries, (std::vector{Entry(), Entry("athena")}));
  EXPECT_EQ(contents.unreadable, 0);
}

TEST_F(LedgerTest, NobodyElseMayReadIt) {
  Ledger(Path()).Append(Entry());
  struct stat info {};
  ASSERT_EQ(stat(Path().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
}

TEST_F(LedgerTest, ALineThatWasCutOffIsCountedAndHarmsNoOther) {
  const Ledger ledger(Path());
  ledger.Append(Entry());
  std::filesystem::resize_file(Path(), std::filesystem::file_size(Path()) - 5);
  ledger.Append(Entry("trino"));
  const auto contents = ledger.Read();
  EXPECT_EQ(contents.entries, std::vector{Entry("trino")});
  EXPECT_EQ(contents.unreadable, 1);
}

TEST_F(LedgerTest, ItDoesNotGrowBeyondItsBound) {
  constexpr int64_t kMost = 4000;
  const Ledger ledger(Path(), kMost);
  for (int64_t i = 0; i < 200; ++i) ledger.Append(Entry("duckdb", i));
  int64_t bytes = 0;
  for (const auto& file : std::filesystem::directory_iterator(folder_)) {
    bytes += static_cast<int64_t>(file.file_size());
  }
  EXPECT_LE(bytes, kMost);
  const auto entries = ledger.Read().entries;
  ASSERT_GE(entries.size(), 5u);
  for (size_t i = 0; i < entries.size(); ++i) {
    EXPECT_EQ(entries[i].time_ms, 200 - static_cast<int64_t>(entries.size() - i));
  }
}

TEST_F(LedgerTest, ThreadsAndProcessesWriteSideBySide) {
  constexpr int kWriters = 4;
  constexpr int kEach = 50;
  for (int process = 0; process < kWriters; ++process) {
    if (fork() != 0) continue;
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < 2; ++thread) {
      threads.emplace_back([&] {
        for (int i = 0; i < kEach; ++i) Ledger(Path(), 1 << 20).Append(Entry());
      });
    }
    threads.clear();
    _exit(0);
  }
  for (int process = 0; process < kWriters; ++process) {
    int status = 1;
    ASSERT_GT(wait(&status), 0);
    EXPECT_EQ(status, 0);
  }
  const auto contents = Ledger(Path(), 1 << 20).Read();
  EXPECT_EQ(contents.entries.size(), 2u * kWriters * kEach);
  EXPECT_EQ(contents.unreadable, 0);
}

TEST_F(LedgerTest, AFolderThatIsNotThereIsAnError) {
  EXPECT_THROW(Ledger(folder_ + "/nowhere/ledger.jsonl").Append(Entry()), Error);
}

TEST(LedgerLine, NothingElseIsOne) {
  EXPECT_EQ(ParseLedgerEntry(FormatLedgerEntry(Entry())), Entry());
  for (const char* line : {"", "{}", "[1]", "null", "{\"time_ms\":1}", "\x01\xFF",
                           "{\"time_ms\":\"x\",\"engine\":3}"}) {
    EXPECT_FALSE(ParseLedgerEntry(line)) << line;
  }
}

TEST(LedgerSums, ByDayEngineAndStatement) {
  constexpr int64_t kDay = 24 * 3600 * 1000;
  LedgerEntry cached = Entry("athena", kDay);
  cached.cached = true;
  cached.dollars = 0;
  LedgerEntry failed = Entry("athena", 2 * kDay - 1);
  failed.outcome = "timeout";
  const std::vector entries{Entry("duckdb", 0), Entry("athena", 0), cached, failed};

  const auto days = SumLedger(entries, LedgerKey::kDay);
  ASSERT_EQ(days.size(), 2u);
  EXPECT_EQ(days[0].key, "1970-01-01");
  EXPECT_EQ(days[1].key, "1970-01-02");
  EXPECT_EQ(days[1].queries, 2);
  EXPECT_EQ(days[1].free, 1);
  EXPECT_EQ(days[1].failed, 1);
  EXPECT_EQ(days[0].bytes, 2 << 20);
  EXPECT_DOUBLE_EQ(days[0].dollars, 2 * 0.000047);

  const auto engines = SumLedger(entries, LedgerKey::kEngine, kDay);
  ASSERT_EQ(engines.size(), 1u);
  EXPECT_EQ(engines[0].key, "athena");
  EXPECT_EQ(SumLedger(entries, LedgerKey::kStatement).size(), 1u);
}

}  // namespace
}  // namespace shoestring
