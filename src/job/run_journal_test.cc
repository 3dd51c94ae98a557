#include "job/run_journal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "job/run_info.h"
#include "job/test_finished.h"

namespace shoestring {
namespace {

constexpr char kRun[] = "20260101-000000-00000001";

TEST(RunJournal, RoundTrips) {
  const SampleFinished many(kRun, 300);
  const SampleFinished one(kRun, 1);
  const std::string text = FormatJournal({many.entry(), one.entry()});
  const std::vector<FinishedTable> read = ParseJournal(text, "journal");
  ASSERT_THAT(read, testing::SizeIs(2));
  EXPECT_EQ(read[0].copied.files, many.finished.copied.files);
  EXPECT_EQ(read[0].copied.seal, many.finished.copied.seal);
  EXPECT_EQ(read[0].copied.replaced, many.finished.copied.replaced);
  EXPECT_EQ(read[0].source_xmin, many.finished.source_xmin);
  EXPECT_EQ(FormatJournal({{read[0], &many.plan}, {read[1], &one.plan}}), text);
}

TEST(RunJournal, RefusesEveryDamage) {
  const std::string text = FormatJournal({SampleFinished(kRun, 2).entry()});
  for (size_t i = 0; i < text.size(); ++i) {
    std::string damaged = text;
    damaged[i] ^= 1;
    EXPECT_EQ(KindOf([&] { ParseJournal(damaged, "journal"); }), ErrorKind::kCorrupt)
        << i;
    EXPECT_EQ(KindOf([&] { ParseJournal(text.substr(0, i), "journal"); }),
              ErrorKind::kCorrupt)
        << i;
  }
}

TEST(RunJournal, RefusesWhatDoesNotAgreeWithItself) {
  const auto refuses = [](const std::function<void(FinishedTable*)>& change) {
    SampleFinished sample(kRun, 2);
    change(&sample.finished);
    const std::string text = FormatJournal({sample.entry()});
    return KindOf([&] { ParseJournal(text, "journal"); }) == ErrorKind::kCorrupt;
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
  const std::string text = FormatJournal({SampleFinished(kRun, 1).entry()});
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
