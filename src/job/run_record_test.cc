#include "job/run_record.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "base/error.h"
#include "lake/test_lake.h"

namespace shoestring {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class RunRecordTest : public testing::Test {
 protected:
  RunRecordTest() {
    std::string pattern = "/tmp/run_record_XXXXXX";
    root_ = mkdtemp(pattern.data());
    store_ = OpenObjectStore(root_, true);
  }
  ~RunRecordTest() override { std::filesystem::remove_all(root_); }

  // A record whose process is no more: this one's, with another start.
  void PutDeadRun(const std::string& id, const std::string& table) {
    RunRecord live(store_.get(), "migrate", "db", {"template"});
    const std::string key = "runs/" + live.id() + "/run.json";
    RunInfo info = ParseRunInfo(store_->Get(key).content);
    live.Abandon();
    info.id = id;
    info.tables = {table};
    info.pid_started -= 1;
    store_->Put("runs/" + id + "/run.json", FormatRunInfo(info));
  }

  std::vector<std::string> Keys(const std::string& prefix) {
    std::vector<std::string> keys;
    for (const auto& object : store_->List(prefix)) keys.push_back(object.key);
    return keys;
  }

  std::string root_;
  std::unique_ptr<ObjectStore> store_;
};

constexpr char kDead[] = "20260101-000000-00000001";

TEST_F(RunRecordTest, RoundTrips) {
  RunInfo info;
  info.id = kDead;
  info.command = "migrate";
  info.source = "postgres@host:5432/\"db\"";
  info.tables = {"a", "b"};
  info.started = "2026-01-01T00:00:00Z";
  info.heartbeat_ms = 5;
  info.boot_id = "boot";
  info.pid_namespace = "pid:[1]";
  info.pid = 7;
  info.pid_started = 9;
  const RunInfo read = ParseRunInfo(FormatRunInfo(info));
  EXPECT_EQ(FormatRunInfo(read), FormatRunInfo(info));
  EXPECT_EQ(read.pid_started, 9);
  EXPECT_THROW(ParseRunInfo("{\"run\": 1}"), Error);
  EXPECT_THROW(ParseRunInfo("not json"), Error);
}

TEST_F(RunRecordTest, BelievesARunOfAnotherMachineForTheLengthOfItsLease) {
  RunInfo info;
  info.boot_id = "another machine";
  info.heartbeat_ms = 1'000'000;
  EXPECT_TRUE(IsAlive(info, 1'000'000 + 60'000));
  EXPECT_FALSE(IsAlive(info, 1'000'000 + 180'000));
}

TEST_F(RunRecordTest, GivesWayToALiveRunOnTheSameTable) {
  const RunRecord first(store_.get(), "migrate", "db", {"a", "b"});
  const RunRecord other(store_.get(), "migrate", "db", {"c"});
  try {
    const RunRecord second(store_.get(), "migrate", "db", {"b"});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kConflict);
    EXPECT_THAT(error.what(), HasSubstr(first.id()));
  }
}

TEST_F(RunRecordTest, ClearsUpAfterADeadRunAndNothingElse) {
  PutDeadRun(kDead, "t");
  const std::string stray = DataFileKey("t", {2024, 3}, kDead, 0);
  EXPECT_EQ(stray, "data/t/year=2024/month=3/20260101-000000-00000001-0.parquet");
  store_->Put(stray, "x");
  store_->Put("data/t/year=2024/month=3/notes.txt", "a user's own");
  store_->Put(DataFileKey("u", {}, kDead, 0), "another table's");
  store_->Create(DataFileKey("t", {}, kDead, 1), kDead)->Append(AsBytes("staged"));
  {
    RunRecord run(store_.get(), "migrate", "db", {"t"});
    EXPECT_THAT(run.cleared(), ElementsAre(kDead));
    EXPECT_THAT(Keys("data/t/"), ElementsAre("data/t/year=2024/month=3/notes.txt"));
    EXPECT_THAT(Keys("data/u/"), testing::SizeIs(1));
    EXPECT_THAT(Keys("runs/" + std::string(kDead) + "/"), IsEmpty());
    run.Abandon();
  }
  EXPECT_THAT(Keys("runs/"), IsEmpty());
}

// Another run on the table begins at one call of the sweep and commits at a later one.
TEST_F(RunRecordTest, SweepsNothingOfARunThatCommitsMeanwhile) {
  int calls = 0;
  for (int begin = 0, end = 0; begin == 0 || begin <= calls;
       end < calls ? ++end : (++begin, end = begin)) {
    for (const auto& key : Keys("")) store_->Delete(key);
    PutDeadRun(kDead, "t");
    store_->Put(DataFileKey("t", {}, kDead, 0), "stray");
    std::optional<RunRecord> other;
    TableChange change;
    const auto begin_other = [&] {
      other.emplace(store_.get(), "migrate", "db", std::vector<std::string>{"t"});
      change.run = other->id();
      change.table = SampleTable("t", Granularity::kNone);
      change.table.files = {SampleFile(change.table, 0)};
      change.table.files[0].key = DataFileKey("t", {}, other->id(), 0);
      store_->Put(change.table.files[0].key, "data");
    };
    const auto end_other = [&] {
      Catalog(store_.get()).Commit({change});
      other->Commit("{}");
    };
    FaultyStore watched(store_.get());
    calls = 0;
    watched.before = [&](std::string_view, std::string_view) {
      if (calls == begin) begin_other();
      if (calls == end) end_other();
      ++calls;
    };
    RunRecord(&watched, "migrate", "db", {"u"}).Abandon();
    if (!other) begin_other();
    if (end >= calls) end_other();
    const Catalog catalog(store_.get());
    const LakeState state = catalog.Load();
    for (const auto& key : catalog.ReferencedKeys(state.tables.at("t"))) {
      EXPECT_TRUE(store_->Head(key)) << key << ": " << begin << " to " << end;
    }
  }
  EXPECT_GT(calls, 10);
}

TEST_F(RunRecordTest, SweepsNothingOfATableThatCannotBeRead) {
  PutDeadRun(kDead, "t");
  store_->Put("catalog/lake.json",
              FormatLakeState({1, {{"t", {.metadata = "gone", .seal = "gone"}}}}));
  store_->Put(DataFileKey("t", {}, kDead, 0), "perhaps needed");
  RunRecord(store_.get(), "migrate", "db", {"t"}).Abandon();
  EXPECT_THAT(Keys("data/t/"), testing::SizeIs(1));
}

TEST_F(RunRecordTest, KeepsTheReportOfACommittedRun) {
  RunRecord run(store_.get(), "migrate", "db", {"t"});
  run.Commit("{}");
  EXPECT_THAT(
      Keys("runs/" + run.id() + "/"),
      ElementsAre("runs/" + run.id() + "/report.json", "runs/" + run.id() + "/run.json"));
}

}  // namespace
}  // namespace shoestring
