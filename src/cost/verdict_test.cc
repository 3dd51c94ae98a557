#include "cost/verdict.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace shoestring {
namespace {

using testing::Contains;
using testing::DoubleNear;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::StartsWith;

constexpr int64_t kMegabyte = 1'000'000;
constexpr int64_t kGibibyte = 1LL << 30;

// Round prices, so that the sums below can be done in the head.
Prices RoundPrices() {
  Prices prices;
  prices.as_of = "2030-01-01";
  prices.s3_gb_month = 0.02;
  prices.s3_get_per_1000 = 0.0005;
  prices.athena_tb_scanned = 5;
  prices.athena_minimum_bytes = 10 << 20;
  prices.free_database_bytes = 500 * kMegabyte;
  prices.free_storage_bytes = 1000 * kMegabyte;
  prices.pro_month = 25;
  prices.compute_credit = 10;
  prices.disk_included_gb = 8;
  prices.disk_gb_month = 0.125;
  prices.compute = {{"Micro", 10, 60}, {"Medium", 60, 120}};
  return prices;
}

const Prices kPrices = RoundPrices();

TableFacts QuietTable(std::string name, int64_t heap_bytes) {
  TableFacts table;
  table.name = std::move(name);
  table.heap_bytes = heap_bytes;
  table.inserts_per_second = 0;
  table.changes_per_second = 0;
  return table;
}

DatabaseFacts Database(int64_t bytes, bool supabase) {
  DatabaseFacts database;
  database.bytes = bytes;
  database.supabase = supabase;
  database.max_connections = 60;
  database.tables = {QuietTable("holdings", bytes - 20 * kMegabyte)};
  return database;
}

const Scenario& Named(const Verdict& verdict, std::string_view name) {
  for (const auto& scenario : verdict.scenarios) {
    if (scenario.name == name) return scenario;
  }
  throw Fail(ErrorKind::kNotFound, "No scenario {}", name);
}

struct FateCase {
  std::string name;
  TableFacts table;
  Fate fate;
  std::string reason;  ///< Part of the first.
};

TableFacts With(void (*change)(TableFacts*)) {
  TableFacts table = QuietTable("t", kMegabyte);
  change(&table);
  return table;
}

TEST(JudgeTableTest, Cases) {
  const std::vector<FateCase> cases = {
      {"quiet", With([](TableFacts*) {}), Fate::kMoves, ""},
      {"view", With([](TableFacts* t) { t->kind = TableKind::kView; }), Fate::kStays,
       "a view"},
      {"foreign", With([](TableFacts* t) { t->kind = TableKind::kForeign; }),
       Fate::kStays, "a foreign table"},
      {"nameless", With([](TableFacts* t) { t->obstacle = "its name"; }), Fate::kStays,
       "its name"},
      {"closed to the role", With([](TableFacts* t) { t->readable = false; }),
       Fate::kStays, "GRANT SELECT"},
      {"partly hidden", With([](TableFacts* t) { t->every_row = false; }), Fate::kStays,
       "only some of its rows"},
      {"type", With([](TableFacts* t) { t->text_columns = {"tags (hstore)"}; }),
       Fate::kMovesWithCare, "tags (hstore)"},
      {"busy", With([](TableFacts* t) { t->changes_per_second = 40; }), Fate::kStays,
       "40 rows/s updated or deleted: keep it in Postgres"},
      {"appended to", With([](TableFacts* t) { t->inserts_per_second = 40; }),
       Fate::kStays, "writes 40 rows/s"},
      {"now and then", With([](TableFacts* t) { t->inserts_per_second = 0.02; }),
       Fate::kMovesWithCare, "writes 72 rows/h"},
      {"row security", With([](TableFacts* t) { t->row_security = true; }),
       Fate::kMovesWithCare, "predicates"},
      {"never counted", With([](TableFacts* t) { t->inserts_per_second.reset(); }),
       Fate::kMoves, ""},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    const TableFate fate = JudgeTable(c.table);
    EXPECT_EQ(fate.fate, c.fate);
    if (c.reason.empty()) {
      EXPECT_THAT(fate.reasons, IsEmpty());
    } else {
      EXPECT_THAT(fate.reasons, ElementsAre(HasSubstr(c.reason)));
    }
  }
}

TEST(JudgeTableTest, TheWorstReasonDecidesAndAllAreGiven) {
  TableFacts table = QuietTable("t", kMegabyte);
  table.row_security = true;
  table.changes_per_second = 5;
  const TableFate fate = JudgeTable(table);
  EXPECT_EQ(fate.fate, Fate::kStays);
  EXPECT_THAT(fate.reasons, SizeIs(2));
}

TEST(JudgeTest, WeighsTheLake) {
  DatabaseFacts database = Database(0, false);
  database.bytes = 110 * kGibibyte;
  database.tables = {QuietTable("a", 100 * kGibibyte)};
  database.tables[0].toast_bytes = 10 * kGibibyte;
  const Verdict verdict = Judge(database, kPrices);
  EXPECT_THAT(verdict.lake_bytes.low / kGibibyte, DoubleNear(15 + 4, 1e-6));
  EXPECT_THAT(verdict.lake_bytes.high / kGibibyte, DoubleNear(40 + 12, 1e-6));
  EXPECT_THAT(verdict.storage_month.low, DoubleNear(0.38, 1e-6));
  EXPECT_THAT(verdict.storage_month.high, DoubleNear(1.04, 1e-6));
  // 10,000 queries × 20 requests, and 10,000 × 10 MB × $5/TB.
  EXPECT_THAT(verdict.duckdb_month, DoubleNear(0.10, 1e-6));
  EXPECT_THAT(verdict.athena_month, DoubleNear(0.10 + 0.476837, 1e-5));
  EXPECT_THAT(verdict.athena_full_scan.low, DoubleNear(19 * 5.0 / 1024, 1e-6));
}

TEST(JudgeTest, ASmallQueryCostsAthenasMinimum) {
  const Verdict verdict = Judge(Database(30 * kMegabyte, false), kPrices);
  EXPECT_THAT(verdict.athena_full_scan.low, DoubleNear(10.0 / 1024 / 1024 * 5, 1e-9));
}

TEST(JudgeTest, SmallOnSupabaseHasNothingToSave) {
  const Verdict verdict = Judge(Database(30 * kMegabyte, true), kPrices);
  EXPECT_EQ(verdict.advice, Advice::kNothingToSave);
  EXPECT_THAT(verdict.headline, HasSubstr("30.0 MB fit Supabase's Free plan"));
}

TEST(JudgeTest, TenGigabytesOffProSaveCents) {
  DatabaseFacts database = Database(10 * kGibibyte, true);
  // What stays is too large for Free, and the compute is the smallest already.
  database.bytes += kGibibyte;
  database.in_use = {"auth users: 12"};
  const Verdict verdict = Judge(database, kPrices);
  const Scenario& stay = Named(verdict, "stay on Pro");
  EXPECT_THAT(stay.today.high, DoubleNear(25 + 3 * 0.125, 1e-6));
  EXPECT_LT(stay.saving().high, 0.375);
  EXPECT_FALSE(Named(verdict, "smaller plan").possible);
  EXPECT_FALSE(Named(verdict, "cancel the project").possible);
  EXPECT_THAT(Named(verdict, "cancel the project").condition,
              HasSubstr("auth users: 12"));
  EXPECT_EQ(verdict.advice, Advice::kNothingToSave);
}

TEST(JudgeTest, ReachingTheFreePlanPays) {
  DatabaseFacts database = Database(10 * kGibibyte, true);
  database.in_use = {"auth users: 12"};
  const Verdict verdict = Judge(database, kPrices);
  EXPECT_EQ(verdict.advice, Advice::kMove);
  EXPECT_THAT(verdict.headline, HasSubstr("smaller plan saves about $24."));
  EXPECT_THAT(Named(verdict, "smaller plan").condition, StartsWith("to Free"));
}

TEST(JudgeTest, FilesInStorageCanHoldItOnPro) {
  DatabaseFacts database = Database(10 * kGibibyte, true);
  database.storage_bytes = 5 * kGibibyte;
  EXPECT_FALSE(Named(Judge(database, kPrices), "smaller plan").possible);
}

TEST(JudgeTest, LargeComputeCanShrink) {
  DatabaseFacts database = Database(10 * kGibibyte, true);
  database.bytes += kGibibyte;
  database.max_connections = 120;
  const Verdict verdict = Judge(database, kPrices);
  EXPECT_EQ(verdict.compute, "Medium");
  const Scenario& smaller = Named(verdict, "smaller plan");
  EXPECT_TRUE(smaller.possible);
  EXPECT_THAT(smaller.today.high, DoubleNear(25 + 50 + 3 * 0.125, 1e-6));
  EXPECT_GT(smaller.saving().low, 49);
}

TEST(JudgeTest, AProjectOfNothingElseCanBeCancelled) {
  const Verdict verdict = Judge(Database(10 * kGibibyte, true), kPrices);
  const Scenario& cancel = Named(verdict, "cancel the project");
  EXPECT_TRUE(cancel.possible);
  EXPECT_GT(cancel.saving().low, 24);
}

TEST(JudgeTest, ABusyTableIsKept) {
  DatabaseFacts database = Database(10 * kGibibyte, true);
  database.tables[0].changes_per_second = 40;
  const Verdict verdict = Judge(database, kPrices);
  EXPECT_EQ(verdict.advice, Advice::kKeep);
  EXPECT_EQ(verdict.moving_bytes, 0);
  EXPECT_THAT(Named(verdict, "cancel the project").condition,
              HasSubstr("table holdings"));
  database.tables[0].kind = TableKind::kView;
  EXPECT_THAT(Named(Judge(database, kPrices), "cancel the project").condition,
              HasSubstr("view holdings"));
}

TEST(JudgeTest, TooLittleToMove) {
  DatabaseFacts database = Database(10 * kGibibyte, false);
  database.tables[0].changes_per_second = 40;
  database.tables.push_back(QuietTable("countries", kMegabyte));
  const Verdict verdict = Judge(database, kPrices);
  EXPECT_EQ(verdict.advice, Advice::kKeep);
  EXPECT_THAT(verdict.headline, HasSubstr("only 1.0 MB of 10.7 GB"));
}

TEST(JudgeTest, ElsewhereThePriceOfTheServerDecides) {
  const Verdict verdict = Judge(Database(10 * kGibibyte, false), kPrices);
  EXPECT_EQ(verdict.advice, Advice::kDepends);
  EXPECT_THAT(verdict.scenarios, IsEmpty());
  EXPECT_THAT(verdict.headline, HasSubstr("it can end"));
}

TEST(JudgeTest, SaysWhatItCouldNotKnow) {
  DatabaseFacts database = Database(10 * kGibibyte, false);
  database.tables[0].inserts_per_second.reset();
  database.tables[0].row_security = true;
  const Verdict verdict = Judge(database, kPrices);
  EXPECT_THAT(verdict.reasons, Contains(HasSubstr("write rate of 1 table is unknown")));
  EXPECT_THAT(verdict.reasons, Contains(HasSubstr("row security on 1 table")));
}

TEST(JudgeTest, SaysWhenTheFreePlanIsFull) {
  DatabaseFacts database = Database(100 * kMegabyte, true);
  database.growth_bytes_month = 40 * kMegabyte;
  EXPECT_THAT(Judge(database, kPrices).reasons,
              Contains(HasSubstr("40.0 MB a month, by the dates in its tables: the Free "
                                 "plan is full in about 10 months")));
}

TEST(JudgeTest, AnEmptyDatabase) {
  DatabaseFacts database;
  database.bytes = 8 * kMegabyte;
  const Verdict verdict = Judge(database, kPrices);
  EXPECT_EQ(verdict.advice, Advice::kKeep);
  EXPECT_THAT(verdict.headline, HasSubstr("No tables"));
}

}  // namespace
}  // namespace shoestring
