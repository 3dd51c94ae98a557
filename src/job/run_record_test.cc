#include "job/run_record.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <thread>

#include "base/error.h"
#include "job/test_finished.h"
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

  static RunRequest Request(std::vector<std::string> tables, std::string identity = "",
                            bool fresh = false) {
    return {"migrate", "db", std::move(identity), std::move(tables), fresh};
  }

  // A record whose process is no more: this one's, with another start.
  void PutDeadRun(const std::string& id, const std::string& table,
                  const std::string& identity = "") {
    RunInfo info = NewRunInfo("migrate");
    info.id = id;
    info.state = RunInfo::State::kRunning;
    info.tables = {table};
    info.identity = identity;
    info.pid_started -= 1;
    store_->Put(RunKey(id), FormatRunInfo(info));
  }

  // As a run of another machine that has given no sign of life for a long time.
  void Age(const std::string& id) {
    RunInfo info = Info(id);
    info.boot_id = "another machine";
    info.heartbeat_ms -= 2 * kLeaseMs;
    store_->Put(RunKey(id), FormatRunInfo(info));
  }

  RunInfo Info(const std::string& id) {
    return ParseRunInfo(store_->Get(RunKey(id)).content);
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
  info.state = RunInfo::State::kTaken;
  info.taken_by = "another";
  EXPECT_EQ(ParseRunInfo(FormatRunInfo(info)).taken_by, "another");
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
  const RunRecord first(store_.get(), Request({"a", "b"}));
  const RunRecord other(store_.get(), Request({"c"}));
  try {
    const RunRecord second(store_.get(), Request({"b"}));
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
    RunRecord run(store_.get(), Request({"t"}));
    EXPECT_THAT(run.cleared(), ElementsAre(kDead));
    EXPECT_THAT(Keys("data/t/"), ElementsAre("data/t/year=2024/month=3/notes.txt"));
    EXPECT_THAT(Keys("data/u/"), testing::SizeIs(1));
    EXPECT_THAT(Keys(RunFolder(kDead)), IsEmpty());
    run.Abandon();
  }
  EXPECT_THAT(Keys("runs/"), ElementsAre("runs/lock"));
}

// Another run on the table begins at one call of the sweep and commits at a later one:
// at a seventh of all pairs, since there are hundreds.
TEST_F(RunRecordTest, SweepsNothingOfARunThatCommitsMeanwhile) {
  int calls = 0;
  for (int begin = 0, end = 0; begin == 0 || begin <= calls;
       end < calls ? end += 7 : (++begin, end = begin)) {
    for (const auto& key : Keys("")) store_->Delete(key);
    PutDeadRun(kDead, "t");
    store_->Put(DataFileKey("t", {}, kDead, 0), "stray");
    std::optional<RunRecord> other;
    TableChange change;
    const auto begin_other = [&] {
      other.emplace(store_.get(), Request({"t"}));
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
    RunRecord(&watched, Request({"u"})).Abandon();
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
  RunRecord(store_.get(), Request({"t"})).Abandon();
  EXPECT_THAT(Keys("data/t/"), testing::SizeIs(1));
}

TEST_F(RunRecordTest, TakesOverWhatItsLikeHasFinished) {
  PutDeadRun(kDead, "t", "same");
  store_->Put(JournalKey(kDead, 0), FormatJournal({SampleFinished(kDead, 1).entry()}));
  store_->Put("runs/" + std::string(kDead) + "/staging/1", "its file");
  RunRecord run(store_.get(), Request({"t"}, "same"));
  ASSERT_THAT(run.taken(), testing::SizeIs(1));
  EXPECT_THAT(run.taken()[0].journal, ElementsAre(JournalKey(kDead, 0)));
  EXPECT_THAT(run.cleared(), IsEmpty());
  EXPECT_EQ(Info(kDead).state, RunInfo::State::kTaken);
  EXPECT_EQ(Info(kDead).taken_by, run.id());
  EXPECT_EQ(run.GiveUp("lost"), 1U);
  // The next one finds it as this one did.
  RunRecord next(store_.get(), Request({"t"}, "same"));
  ASSERT_THAT(next.taken(), testing::SizeIs(1));
  next.Commit("{}");
  EXPECT_THAT(Keys("runs/"),
              ElementsAre(ReportKey(next.id()), RunKey(next.id()), "runs/lock"));
}

TEST_F(RunRecordTest, NotesWhatIsFinished) {
  const SampleFinished sample(kDead, 3);
  RunRecord run(store_.get(), Request({"t"}, "same"));
  const std::string first = JournalKey(run.id(), 0);
  run.Keep(sample.entry());
  run.Keep(sample.entry());
  for (int i = 0; i < 500 && !store_->Head(first); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  EXPECT_THAT(ParseJournal(store_->Get(first).content, first), testing::SizeIs(2));
  // What was finished since is noted at the end.
  run.Keep(sample.entry());
  EXPECT_EQ(run.GiveUp("lost"), 3U);
  EXPECT_THAT(Keys(JournalPrefix(run.id())), testing::SizeIs(2));
}

TEST_F(RunRecordTest, LooksAtNoMetadataOfATableThatIsAllCurrent) {
  RunRecord run(store_.get(), Request({"t"}));
  TableChange change{.table = SampleTable("t", Granularity::kNone), .run = run.id()};
  Catalog(store_.get()).Commit({change});
  FaultyStore watched(store_.get());
  watched.before = [](std::string_view, std::string_view key) {
    EXPECT_FALSE(key.ends_with(".metadata.json")) << key;
  };
  SweepTables(&watched, {"t"}, {run.id()});
  EXPECT_THAT(Keys("catalog/t/"), testing::SizeIs(3));
  run.Commit("{}");
}

TEST_F(RunRecordTest, StartsOverWhenAskedTo) {
  PutDeadRun(kDead, "t", "same");
  store_->Put(JournalKey(kDead, 0), "a finished table");
  const RunRecord run(store_.get(), Request({"t"}, "same", /*fresh=*/true));
  EXPECT_THAT(run.taken(), IsEmpty());
  EXPECT_THAT(run.cleared(), ElementsAre(kDead));
}

TEST_F(RunRecordTest, LeavesARunOfAnotherKindOnOtherTablesAlone) {
  PutDeadRun(kDead, "t", "another");
  store_->Put(JournalKey(kDead, 0), "a finished table");
  store_->Put(DataFileKey("t", {}, kDead, 0), "published, not committed");
  RunRecord(store_.get(), Request({"u"}, "same")).Commit("{}");
  EXPECT_THAT(Keys(RunFolder(kDead)), testing::SizeIs(2));
  EXPECT_THAT(Keys("data/t/"), testing::SizeIs(1));
  const RunRecord run(store_.get(), Request({"t", "u"}, "same"));
  EXPECT_THAT(run.cleared(), ElementsAre(kDead));
  EXPECT_THAT(Keys("data/t/"), IsEmpty());
}

TEST_F(RunRecordTest, GoesOnFromNothingOfARunThatHadCommitted) {
  PutDeadRun(kDead, "t", "same");
  store_->Put(JournalKey(kDead, 0), "a finished table");
  TableChange change{.table = SampleTable("t", Granularity::kNone), .run = kDead};
  Catalog(store_.get()).Commit({change});
  const RunRecord run(store_.get(), Request({"t"}, "same"));
  EXPECT_THAT(run.taken(), IsEmpty());
  EXPECT_THAT(run.cleared(), ElementsAre(kDead));
}

TEST_F(RunRecordTest, NoticesThatItsPlaceWasTaken) {
  bool noticed = false;
  RunRecord paused(store_.get(), Request({"t"}, "same"), [&] { noticed = true; });
  Age(paused.id());
  RunRecord other(store_.get(), Request({"t"}, "same"));
  EXPECT_THAT(other.cleared(), ElementsAre(paused.id()));
  const ErrorKind kind = KindOf([&] { paused.Renew(); });
  EXPECT_EQ(kind, ErrorKind::kConflict);
  EXPECT_TRUE(noticed);
  EXPECT_EQ(KindOf([&] { paused.CheckLease(); }), ErrorKind::kConflict);
  store_->Put("runs/" + paused.id() + "/staging/1", "written before it noticed");
  EXPECT_EQ(paused.GiveUp("lost"), 0U);
  EXPECT_THAT(Keys(RunFolder(paused.id())), IsEmpty());
  other.Renew();
}

// A commit that looked at its lease before it was taken, and goes on after.
TEST_F(RunRecordTest, CannotCommitOnceItsPlaceWasTaken) {
  RunRecord paused(store_.get(), Request({"t"}));
  TableChange change{.table = SampleTable("t", Granularity::kNone), .run = paused.id()};
  std::optional<RunRecord> other;
  const auto pause = [&] {
    paused.Renew();
    if (other) return;
    Age(paused.id());
    other.emplace(store_.get(), Request({"t"}));
  };
  EXPECT_EQ(KindOf([&] { Catalog(store_.get()).Commit({change}, pause); }),
            ErrorKind::kConflict);
  EXPECT_TRUE(Catalog(store_.get()).Load().tables.empty());
  EXPECT_THAT(Keys("catalog/t/"), IsEmpty());
}

TEST_F(RunRecordTest, RenewsThoughAnAnswerGotLost) {
  FaultyStore faulty(store_.get());
  RunRecord run(&faulty, Request({"t"}));
  faulty.after = [](std::string_view call, std::string_view) {
    if (call == "PutIf") throw Fail(ErrorKind::kUnavailable, "no answer");
  };
  EXPECT_EQ(KindOf([&] { run.Renew(); }), ErrorKind::kUnavailable);
  faulty.after = [](std::string_view, std::string_view) {};
  run.Renew();
}

TEST_F(RunRecordTest, KeepsTheReportOfACommittedRun) {
  RunRecord run(store_.get(), Request({"t"}));
  run.Commit("{}");
  EXPECT_THAT(
      Keys("runs/" + run.id() + "/"),
      ElementsAre("runs/" + run.id() + "/report.json", "runs/" + run.id() + "/run.json"));
}

TEST_F(RunRecordTest, ALongHistoryIsNotReadAgain) {
  for (int i = 0; i < 20; ++i) {
    RunRecord(store_.get(), Request({"t"})).Commit("{\"tables\":[]}");
  }
  const int64_t before = store_->statistics().gets;
  RunRecord record(store_.get(), Request({"t"}));
  EXPECT_LT(store_->statistics().gets - before, 10);
  record.Abandon();
  EXPECT_TRUE(AnyRunCommitted(store_.get()));
  EXPECT_EQ(FindRuns(store_.get()).done.size(), 20);
  EXPECT_EQ(FindAllRuns(store_.get()).runs.size(), 20);
}

}  // namespace
}  // namespace shoestring
