#include "lake/catalog.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <random>
#include <thread>

#include "base/checksum.h"
#include "lake/folder_store.h"
#include "lake/iceberg_manifest.h"
#include "lake/test_lake.h"

namespace shoestring {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

TableMetadata TableWithFiles(std::string name, Granularity granularity, int files) {
  TableMetadata table = SampleTable(std::move(name), granularity);
  for (int n = 0; n < files; ++n) table.files.push_back(SampleFile(table, n));
  std::ranges::sort(table.files, {}, [](const DataFile& file) {
    return std::pair(file.partition, file.key);
  });
  return table;
}

TableChange Change(TableMetadata table, std::string run,
                   std::optional<std::string> expected = std::nullopt) {
  return {.table = std::move(table),
          .run = std::move(run),
          .source_lsn = "0/1A2B3C",
          .source_time_ms = 1780000000000,
          .expected_metadata = std::move(expected)};
}

class CatalogTest : public testing::Test {
 protected:
  std::vector<std::string> Keys(ObjectStore* store, std::string_view prefix) {
    std::vector<std::string> keys;
    for (const ObjectInfo& object : store->List(prefix)) keys.push_back(object.key);
    return keys;
  }

  TemporaryFolder folder_;
  FolderStore store_{folder_.path()};
  Catalog catalog_{&store_};
};

TEST(LakeStateTest, ComesBackAndIsReadable) {
  LakeState state{.sequence = 12};
  EXPECT_EQ(ParseLakeState(FormatLakeState(state)), state);
  state.tables["b \"x\""] = {.metadata = "catalog/b/r.metadata.json",
                             .metadata_checksum = "0c",
                             .seal = "catalog/b/r-seal.json",
                             .seal_checksum = "0d",
                             .run = "r",
                             .source_lsn = "0/1",
                             .source_time_ms = 5,
                             .rows = 7,
                             .bytes = 9};
  state.tables["a"] = {.metadata = "catalog/a/r.metadata.json",
                       .metadata_checksum = "0a",
                       .seal = "catalog/a/r-seal.json",
                       .seal_checksum = "0b",
                       .run = "r"};
  EXPECT_EQ(ParseLakeState(FormatLakeState(state)), state);
  EXPECT_EQ(FormatLakeState(state), R"({
  "version": 1,
  "sequence": 12,
  "tables": {
    "a": {"metadata":"catalog/a/r.metadata.json","metadata_xxh3":"0a","seal":"catalog/a/r-seal.json","seal_xxh3":"0b","run":"r","source_lsn":"","source_time_ms":0,"rows":0,"bytes":0},
    "b \"x\"": {"metadata":"catalog/b/r.metadata.json","metadata_xxh3":"0c","seal":"catalog/b/r-seal.json","seal_xxh3":"0d","run":"r","source_lsn":"0/1","source_time_ms":5,"rows":7,"bytes":9}
  },
  "checksum": "94904ae0721bbaf28bc936498e6a7e60"
}
)");
}

/// The text with the checksum that fits it.
std::string Checked(const std::string& members) {
  const std::string body = members + ",\n";
  return body + "  \"checksum\": \"" + ChecksumOf(body) + "\"\n}\n";
}

TEST(LakeStateTest, RefusesAndSaysWhere) {
  const std::pair<std::string, const char*> cases[] = {
      {"", "no valid JSON"},
      {"[]", "catalog/lake.json is not an object"},
      {"{}", "version is missing"},
      {R"({"version":2,"sequence":1,"tables":{}})", "use a newer one"},
      {R"({"version":1,"sequence":1,"tables":{}})", "not as it was written"},
      {Checked(R"({"version":1,"sequence":1.5,"tables":{})"),
       "sequence is not a 64-bit integer"},
      {Checked(R"({"version":1,"sequence":1,"tables":[])"), "tables is not an object"},
      {Checked(R"({"version":1,"sequence":1,"tables":{"t":{}})"),
       "tables.t.metadata is missing"},
      {Checked(R"({"version":1,"sequence":1,"tables":{"t":{"metadata":"../x","run":"",
          "source_lsn":"","source_time_ms":0,"rows":0,"bytes":0}})"),
       "metadata is not a key: ../x"},
  };
  for (const auto& [json, message] : cases) {
    try {
      ParseLakeState(json);
      ADD_FAILURE() << "no error: " << json;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kCorrupt);
      EXPECT_THAT(error.what(), HasSubstr(message));
    }
  }
}

TEST(LakeStateTest, NoBitCanTurnUnseen) {
  LakeState state{.sequence = 1};
  state.tables["t"] = {.metadata = "catalog/t/r.metadata.json",
                       .metadata_checksum = "0a",
                       .seal = "catalog/t/r-seal.json",
                       .seal_checksum = "0b",
                       .run = "r"};
  const std::string good = FormatLakeState(state);
  for (size_t bit = 0; bit < 8 * good.size(); ++bit) {
    std::string bad = good;
    bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ 1 << bit % 8);
    EXPECT_EQ(KindOf([&] { ParseLakeState(bad); }), ErrorKind::kCorrupt) << bit;
  }
  for (size_t size = 0; size < good.size(); ++size) {
    EXPECT_EQ(KindOf([&] { ParseLakeState(good.substr(0, size)); }), ErrorKind::kCorrupt);
  }
  EXPECT_EQ(KindOf([&] { ParseLakeState(good + "\n"); }), ErrorKind::kCorrupt);
}

TEST_F(CatalogTest, NothingCommittedIsEmpty) {
  EXPECT_EQ(catalog_.Load(), LakeState{});
  EXPECT_EQ(catalog_.Commit({}), LakeState{});
  EXPECT_EQ(KindOf([&] { catalog_.LoadTable({}, "t"); }), ErrorKind::kNotFound);
}

TEST_F(CatalogTest, CommitsTablesTogether) {
  const TableMetadata parted = TableWithFiles("parted", Granularity::kMonth, 40);
  const TableMetadata flat = TableWithFiles("s2.flat", Granularity::kNone, 1);
  const TableMetadata empty = TableWithFiles("empty", Granularity::kDay, 0);
  const LakeState state = catalog_.Commit(
      {Change(parted, "run-1"), Change(flat, "run-1"), Change(empty, "run-1")});
  EXPECT_EQ(state.sequence, 1);
  EXPECT_EQ(catalog_.Load(), state);
  EXPECT_EQ(catalog_.LoadTable(state, "parted"), parted);
  EXPECT_EQ(catalog_.LoadTable(state, "s2.flat"), flat);
  EXPECT_EQ(catalog_.LoadTable(state, "empty"), empty);
  const TableEntry& entry = state.tables.at("parted");
  EXPECT_EQ(entry.metadata, "catalog/parted/run-1.metadata.json");
  EXPECT_EQ(entry.run, "run-1");
  EXPECT_EQ(entry.source_lsn, "0/1A2B3C");
  EXPECT_EQ(entry.rows, 40 * 100 + 39 * 40 / 2);
  EXPECT_THAT(
      catalog_.ReferencedKeys(state.tables.at("s2.flat")),
      ElementsAre("catalog/s2.flat/run-1.metadata.json",
                  "catalog/s2.flat/run-1-snap.avro", "catalog/s2.flat/run-1-seal.json",
                  "catalog/s2.flat/run-1-m0.avro", "data/s2.flat/0.parquet"));
}

TEST_F(CatalogTest, KeepsOtherTablesAndOldMetadata) {
  const LakeState first = catalog_.Commit({Change(TableWithFiles("a", {}, 1), "run-1"),
                                           Change(TableWithFiles("b", {}, 1), "run-1")});
  const std::string& old = first.tables.at("a").metadata;
  const LakeState second =
      catalog_.Commit({Change(TableWithFiles("a", {}, 2), "run-2", old)});
  EXPECT_EQ(second.sequence, 2);
  EXPECT_EQ(second.tables.at("b"), first.tables.at("b"));
  EXPECT_EQ(catalog_.LoadTable(second, "a").files.size(), 2u);
  EXPECT_EQ(catalog_.LoadTable(first, "a").files.size(), 1u);
}

TEST_F(CatalogTest, SortsFilesByPartition) {
  TableMetadata table = TableWithFiles("t", Granularity::kMonth, 100);
  const auto sorted = table.files;
  std::ranges::shuffle(table.files, std::mt19937(1));
  const LakeState state = catalog_.Commit({Change(table, "run-1")});
  EXPECT_EQ(catalog_.LoadTable(state, "t").files, sorted);
}

TEST_F(CatalogTest, ManyFilesTakeSeveralManifests) {
  constexpr int kFiles = 10'000;
  const TableMetadata table = TableWithFiles("t", Granularity::kMonth, kFiles);
  const LakeState state = catalog_.Commit({Change(table, "run-1")});
  EXPECT_EQ(catalog_.ReferencedKeys(state.tables.at("t")).size(),
            3u + (kFiles + kFilesPerManifest - 1) / kFilesPerManifest + kFiles);
  const auto start = std::chrono::steady_clock::now();
  const TableMetadata loaded = catalog_.LoadTable(catalog_.Load(), "t");
  const auto took = std::chrono::steady_clock::now() - start;
  EXPECT_EQ(loaded, table);
  RecordProperty("load_ms", static_cast<int>(took / std::chrono::milliseconds(1)));
}

TEST_F(CatalogTest, MovedLakeIsRead) {
  const TableMetadata table = TableWithFiles("t", Granularity::kMonth, 5);
  catalog_.Commit({Change(table, "run-1")});
  const TemporaryFolder elsewhere;
  const std::string moved = elsewhere.path() + "/moved";
  std::filesystem::copy(folder_.path(), moved, std::filesystem::copy_options::recursive);
  FolderStore store(moved);
  Catalog catalog(&store);
  EXPECT_EQ(catalog.LoadTable(catalog.Load(), "t"), table);
  const TableEntry entry = catalog.Load().tables.at("t");
  EXPECT_EQ(catalog.ReferencedKeys(entry), catalog_.ReferencedKeys(entry));
  EXPECT_EQ(catalog.LoadSeal(entry).run, "run-1");
}

TEST_F(CatalogTest, RefusesWhenSomebodyElseWasFirst) {
  const LakeState first = catalog_.Commit({Change(TableWithFiles("t", {}, 1), "run-1")});
  const std::string& old = first.tables.at("t").metadata;
  catalog_.Commit({Change(TableWithFiles("t", {}, 2), "run-2", old)});
  const auto before = Keys(&store_, "");
  for (const std::optional<std::string>& expected :
       {std::optional(old), std::optional<std::string>()}) {
    try {
      catalog_.Commit({Change(TableWithFiles("u", {}, 1), "run-3"),
                       Change(TableWithFiles("t", {}, 3), "run-3", expected)});
      ADD_FAILURE() << "no error";
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kConflict);
      EXPECT_THAT(error.what(), HasSubstr("run-2"));
      EXPECT_THAT(error.what(), HasSubstr(": t"));
    }
  }
  EXPECT_EQ(
      KindOf([&] {
        catalog_.Commit({Change(TableWithFiles("v", {}, 1), "run-3", "catalog/v/x")});
      }),
      ErrorKind::kConflict);
  EXPECT_EQ(Keys(&store_, ""), before) << "nothing was left behind";
}

TEST_F(CatalogTest, RefusesNamesThatLeadElsewhere) {
  const std::pair<const char*, const char*> cases[] = {
      {"../x", "r"}, {"t", "a/b"}, {"t", ""}, {"", "r"}};
  for (const auto& names : cases) {
    const TableChange change = Change(TableWithFiles(names.first, {}, 0), names.second);
    EXPECT_EQ(KindOf([&] { catalog_.Commit({change}); }), ErrorKind::kInvalidArgument);
  }
  const TableChange change = Change(TableWithFiles("t", {}, 0), "r");
  EXPECT_EQ(KindOf([&] {
              catalog_.Commit({change, change});
            }),
            ErrorKind::kInvalidArgument);
}

TEST_F(CatalogTest, DamagedMetadataIsNoticedAndNamed) {
  const TableMetadata table = TableWithFiles("t", Granularity::kMonth, 3);
  const LakeState state = catalog_.Commit({Change(table, "run-1")});
  const TableEntry& entry = state.tables.at("t");
  const std::string no_files = EncodeManifest(table, {}, store_.Uri());
  for (const char* name : {"-m0.avro", "-snap.avro", ".metadata.json"}) {
    const std::string key = std::string("catalog/t/run-1") + name;
    const std::string good = store_.Get(key).content;
    std::string flipped = good;
    flipped[good.size() / 2] = static_cast<char>(flipped[good.size() / 2] ^ 1);
    for (const std::string& bad : {std::string(), good.substr(0, good.size() - 1),
                                   good + "\n", flipped, no_files}) {
      store_.Put(key, bad);
      try {
        catalog_.LoadTable(state, "t");
        ADD_FAILURE() << key;
      } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::kCorrupt);
        EXPECT_THAT(error.what(), HasSubstr(key));
      }
      EXPECT_EQ(KindOf([&] { catalog_.ReferencedKeys(entry); }), ErrorKind::kCorrupt);
    }
    store_.Delete(key);
    EXPECT_EQ(KindOf([&] { catalog_.LoadTable(state, "t"); }), ErrorKind::kNotFound);
    store_.Put(key, good);
  }
  EXPECT_EQ(catalog_.LoadTable(state, "t"), table);
}

TEST_F(CatalogTest, SealsWhatItWrites) {
  TableChange change = Change(TableWithFiles("t", Granularity::kMonth, 3), "run-1");
  change.seal.columns = {{"c1", "int8"}};
  change.seal.partitions = {{"year=2000/month=1", {7, 8}}};
  change.seal.files = {{"data/t/0.parquet", 9, ChecksumOf("file"), {7, 8}}};
  const LakeState state = catalog_.Commit({change});
  const TableEntry& entry = state.tables.at("t");
  const Seal seal = catalog_.LoadSeal(entry);
  EXPECT_EQ(seal.table, "t");
  EXPECT_EQ(seal.run, "run-1");
  EXPECT_EQ(seal.columns, change.seal.columns);
  EXPECT_EQ(seal.partitions, change.seal.partitions);
  EXPECT_EQ(seal.files, change.seal.files);
  ASSERT_EQ(seal.metadata.size(), 3u);
  for (const SealedObject& object : seal.metadata) {
    const std::string content = store_.Get(object.key).content;
    EXPECT_EQ(object.checksum, ChecksumOf(content)) << object.key;
    EXPECT_EQ(object.bytes, static_cast<int64_t>(content.size()));
  }
  store_.Put(entry.seal, store_.Get(entry.seal).content + " ");
  EXPECT_EQ(KindOf([&] { catalog_.LoadSeal(entry); }), ErrorKind::kCorrupt);
}

TEST_F(CatalogTest, RacesOnOneFolder) {
  constexpr int kThreads = 8;
  constexpr int kCommits = 5;
  std::atomic<int> conflicts = 0;
  std::atomic<int> wins = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      FolderStore store(folder_.path());
      Catalog catalog(&store);
      std::optional<std::string> own_metadata;
      const std::string own = "own-" + std::to_string(t);
      for (int i = 0; i < kCommits; ++i) {
        // A table of its own never conflicts; of the shared one, each version has one
        // writer that was first.
        const std::string run = std::to_string(t) + "-" + std::to_string(i);
        const LakeState state =
            catalog.Commit({Change(TableWithFiles(own, {}, 1), run, own_metadata)});
        own_metadata = state.tables.at(own).metadata;
        const auto shared = state.tables.find("shared");
        try {
          catalog.Commit({Change(TableWithFiles("shared", {}, 1), run,
                                 shared == state.tables.end()
                                     ? std::nullopt
                                     : std::optional(shared->second.metadata))});
          ++wins;
        } catch (const Error& error) {
          ASSERT_EQ(error.kind(), ErrorKind::kConflict) << error.what();
          ++conflicts;
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  const LakeState state = catalog_.Load();
  EXPECT_EQ(state.sequence, kThreads * kCommits + wins);
  EXPECT_EQ(wins + conflicts, kThreads * kCommits);
  EXPECT_GE(wins, 1);
  EXPECT_EQ(state.tables.size(), kThreads + 1u);
  for (const auto& [name, entry] : state.tables) {
    EXPECT_EQ(catalog_.LoadTable(state, name).name, name);
  }
  // Losers clear up: four objects of each version that won, and lake.json.
  EXPECT_EQ(Keys(&store_, "catalog/").size(),
            4u * static_cast<size_t>(kThreads * kCommits + wins) + 1);
}

TEST_F(CatalogTest, FailureAtAnyCallShowsOldOrNew) {
  const LakeState old = catalog_.Commit({Change(TableWithFiles("t", {}, 1), "run-0")});
  const std::vector<TableChange> changes = {
      Change(TableWithFiles("t", {}, 2), "run-1", old.tables.at("t").metadata),
      Change(TableWithFiles("u", {}, 1), "run-1")};
  for (const bool lose_answer : {false, true}) {
    for (int fail_at = 0;; ++fail_at) {
      FaultyStore faulty(&store_);
      std::atomic<int> calls = 0;
      const auto hook = [&](std::string_view, std::string_view) {
        if (calls++ == fail_at) throw Fail(ErrorKind::kUnavailable, "injected");
      };
      (lose_answer ? faulty.after : faulty.before) = hook;
      Catalog catalog(&faulty);
      bool failed = false;
      try {
        catalog.Commit(changes);
      } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::kUnavailable);
        failed = true;
      }
      const LakeState seen = catalog_.Load();
      EXPECT_TRUE(seen == old || !failed || lose_answer);
      EXPECT_EQ(catalog_.LoadTable(seen, "t").files.size(), seen == old ? 1u : 2u);
      // The run goes on where it was stopped.
      const LakeState done = catalog_.Commit(changes);
      EXPECT_EQ(done.sequence, 2);
      EXPECT_EQ(catalog_.LoadTable(done, "t").files.size(), 2u);
      EXPECT_EQ(catalog_.LoadTable(done, "u").files.size(), 1u);
      store_.Put("catalog/lake.json", FormatLakeState(old));
      if (!failed) break;
    }
  }
}

TEST_F(CatalogTest, LooksAgainWhenTheRaceIsLost) {
  FaultyStore faulty(&store_);
  int races = 3;
  faulty.before = [&](std::string_view call, std::string_view) {
    if (call != "PutIf" || races-- <= 0) return;
    const std::string name = "other-" + std::to_string(races);
    catalog_.Commit({Change(TableWithFiles(name, {}, 0), "run-x")});
  };
  Catalog catalog(&faulty);
  const LakeState state = catalog.Commit({Change(TableWithFiles("t", {}, 1), "run-1")});
  EXPECT_EQ(state.sequence, 4);
  EXPECT_EQ(state.tables.size(), 4u);
}

TEST_F(CatalogTest, CommitsThatAreFencedCheckAgain) {
  catalog_.Commit({Change(TableWithFiles("t", Granularity::kNone, 1), "r1")});
  const LakeState before = catalog_.Load();
  const auto change = Change(TableWithFiles("u", Granularity::kNone, 1), "r2");
  int checks = 0;
  const auto check = [&] {
    if (++checks > 1) throw Fail(ErrorKind::kConflict, "no more");
    Catalog(&store_).Fence();
  };
  EXPECT_EQ(KindOf([&] { catalog_.Commit({change}, check); }), ErrorKind::kConflict);
  EXPECT_EQ(checks, 2);
  EXPECT_EQ(catalog_.Load().sequence, before.sequence + 1);
  EXPECT_EQ(catalog_.Load().tables, before.tables);
  EXPECT_TRUE(Keys(&store_, "catalog/u/").empty());
}

TEST_F(CatalogTest, LoserOfARaceForATableClearsUp) {
  FaultyStore faulty(&store_);
  faulty.before = [&](std::string_view call, std::string_view) {
    if (call == "PutIf") {
      catalog_.Commit({Change(TableWithFiles("t", {}, 2), "run-x")});
    }
  };
  Catalog catalog(&faulty);
  EXPECT_EQ(
      KindOf([&] { catalog.Commit({Change(TableWithFiles("t", {}, 1), "run-1")}); }),
      ErrorKind::kConflict);
  EXPECT_THAT(Keys(&store_, "catalog/"), Not(Contains(HasSubstr("run-1"))));
  EXPECT_EQ(catalog_.LoadTable(catalog_.Load(), "t").files.size(), 2u);
}

}  // namespace
}  // namespace shoestring
