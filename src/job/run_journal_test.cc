#include "job/run_journal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "job/run_info.h"
#include "lake/test_lake.h"

namespace shoestring {
namespace {

constexpr char kRun[] = "20260101-000000-00000001";

struct Sample {
  TablePlan plan;
  FinishedTable finished;
};

Sample SampleFinished(int files) {
  const TableMetadata table = SampleTable("t", Granularity::kDay);
  Sample sample;
  sample.plan.name = table.name;
  sample.plan.columns = table.columns;
  sample.plan.partitioning = table.partitioning;
  FinishedTable& finished = sample.finished;
  finished = {.run = kRun,
              .table = "t",
              .plan = "checksum",
              .source_lsn = "0/1",
              .source_time_ms = 5,
              .source_xmin = int64_t{1} << 40};
  CopiedTable& copied = finished.copied;
  copied.partitions = files;
  copied.replaced = {0, 3};
  copied.seal.table = "t";
  copied.seal.columns = {{"c1", "int8"}};
  for (int i = 0; i < files; ++i) {
    DataFile file = SampleFile(table, i);
    file.key = DataFileKey("t", file.partition, kRun, 0);
    copied.rows += file.rows;
    copied.objects.push_back({file.key, file.bytes, "token " + std::to_string(i)});
    copied.seal.files.push_back({file.key, file.bytes, ToHex(7), {}});
    copied.files.push_back(std::move(file));
  }
  return sample;
}

TEST(RunJournal, RoundTrips) {
  const auto [plan, finished] = SampleFinished(300);
  const std::string text = FormatFinishedTable(finished, plan);
  const FinishedTable read = ParseFinishedTable(text, "journal");
  EXPECT_EQ(read.copied.files, finished.copied.files);
  EXPECT_EQ(read.copied.seal, finished.copied.seal);
  EXPECT_EQ(read.copied.replaced, finished.copied.replaced);
  EXPECT_EQ(read.source_xmin, finished.source_xmin);
  EXPECT_EQ(FormatFinishedTable(read, plan), text);
}

TEST(RunJournal, RefusesEveryDamage) {
  const auto [plan, finished] = SampleFinished(2);
  const std::string text = FormatFinishedTable(finished, plan);
  for (size_t i = 0; i < text.size(); ++i) {
    std::string damaged = text;
    damaged[i] ^= 1;
    EXPECT_EQ(KindOf([&] { ParseFinishedTable(damaged, "journal"); }),
              ErrorKind::kCorrupt)
        << i;
    EXPECT_EQ(KindOf([&] { ParseFinishedTable(text.substr(0, i), "journal"); }),
              ErrorKind::kCorrupt)
        << i;
  }
}

TEST(RunJournal, RefusesWhatDoesNotAgreeWithItself) {
  const auto refuses = [](const std::function<void(FinishedTable*)>& change) {
    auto [plan, finished] = SampleFinished(2);
    change(&finished);
    const std::string text = FormatFinishedTable(finished, plan);
    return KindOf([&] { ParseFinishedTable(text, "journal"); }) == ErrorKind::kCorrupt;
  };
  EXPECT_TRUE(refuses([](FinishedTable* t) { ++t->copied.rows; }));
  EXPECT_TRUE(refuses([](FinishedTable* t) { t->copied.objects.pop_back(); }));
  EXPECT_TRUE(refuses([](FinishedTable* t) { t->copied.seal.files.pop_back(); }));
  EXPECT_TRUE(refuses([](FinishedTable* t) { t->run = "20260101-000000-00000002"; }));
  EXPECT_TRUE(refuses([](FinishedTable* t) { t->table = "u"; }));
  EXPECT_TRUE(
      refuses([](FinishedTable* t) { t->copied.objects[0].key = "catalog/lake.json"; }));
  EXPECT_TRUE(refuses([](FinishedTable* t) { t->copied.replaced = {-1}; }));
}

TEST(RunJournal, ReadsOnlyWhatIsWholeAndInItsPlace) {
  const TemporaryFolder folder;
  const auto store = OpenObjectStore(folder.path(), true);
  const auto [plan, finished] = SampleFinished(1);
  const std::string text = FormatFinishedTable(finished, plan);
  const std::string elsewhere = JournalKey("20260101-000000-00000002", 0);
  store->Put(JournalKey(kRun, 0), text);
  store->Put(JournalKey(kRun, 1), "{}");
  store->Put(elsewhere, text);
  const auto tables = ReadJournal(store.get(), {JournalKey(kRun, 0), JournalKey(kRun, 1),
                                                JournalKey(kRun, 2), elsewhere});
  EXPECT_THAT(tables, testing::SizeIs(1));
}

}  // namespace
}  // namespace shoestring
