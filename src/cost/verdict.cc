#include "cost/verdict.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "base/units.h"

namespace shoestring {

namespace {

constexpr double kGigabyte = 1024.0 * 1024 * 1024;
constexpr double kTerabyte = 1024 * kGigabyte;
/// Footers and column chunks of the few files that a pruned query reads.
constexpr double kRequestsPerQuery = 20;
/// Below this a month, the work of moving is not worth the money.
constexpr double kWorthwhile = 1.0;
/// What can move must be more than this share of the database.
constexpr double kWorthwhileShare = 0.1;

std::string Rate(double rows_per_second) {
  if (rows_per_second >= 0.1) return fmt::format("{:.3g} rows/s", rows_per_second);
  return fmt::format("{:.3g} rows/h", rows_per_second * 3600);
}

/// Sets a reason, and the worst fate of all reasons.
void Because(TableFate* fate, Fate worst, std::string reason) {
  fate->fate = std::max(fate->fate, worst);
  fate->reasons.push_back(std::move(reason));
}

void JudgeWrites(const TableFacts& table, TableFate* fate) {
  const double changes = table.changes_per_second.value_or(0);
  const double writes = changes + table.inserts_per_second.value_or(0);
  if (changes >= kOftenWritten) {
    Because(fate, Fate::kStays,
            fmt::format("{} updated or deleted: keep it in Postgres", Rate(changes)));
  } else if (writes >= kOftenWritten) {
    Because(fate, Fate::kStays,
            fmt::format("writes {}: keep it in Postgres; rows that no longer change can "
                        "move with --where",
                        Rate(writes)));
  } else if (writes >= kSometimesWritten) {
    Because(
        fate, Fate::kMovesWithCare,
        fmt::format("writes {}: the copy is as old as its last migration", Rate(writes)));
  }
}

Range LakeBytes(const TableFacts& table) {
  const auto heap = static_cast<double>(table.heap_bytes);
  const auto toast = static_cast<double>(table.toast_bytes);
  return {heap * kHeapRatio.low + toast * kToastRatio.low,
          heap * kHeapRatio.high + toast * kToastRatio.high};
}

void Weigh(const DatabaseFacts& database, const Prices& prices, Verdict* verdict) {
  for (size_t i = 0; i < database.tables.size(); ++i) {
    if (verdict->tables[i].fate == Fate::kStays) continue;
    const Range lake = LakeBytes(database.tables[i]);
    verdict->moving_bytes += database.tables[i].bytes();
    verdict->lake_bytes.low += lake.low;
    verdict->lake_bytes.high += lake.high;
  }
  verdict->staying_bytes = std::max<int64_t>(0, database.bytes - verdict->moving_bytes);
  verdict->storage_month = verdict->lake_bytes * (prices.s3_gb_month / kGigabyte);
  const double queries = kAssumedQueries;
  verdict->duckdb_month = queries * kRequestsPerQuery * prices.s3_get_per_1000 / 1000;
  const double scanned = prices.athena_tb_scanned / kTerabyte;
  const auto least = static_cast<double>(prices.athena_minimum_bytes);
  verdict->athena_month = queries * least * scanned + verdict->duckdb_month;
  verdict->athena_full_scan = {std::max(least, verdict->lake_bytes.low) * scanned,
                               std::max(least, verdict->lake_bytes.high) * scanned};
}

/// What would end with the project: services in use, and tables and views that stay.
std::vector<std::string> Needed(const DatabaseFacts& database, const Verdict& verdict) {
  std::vector<std::string> needed = database.in_use;
  for (size_t i = 0; i < database.tables.size(); ++i) {
    if (verdict.tables[i].fate != Fate::kStays) continue;
    const TableFacts& table = database.tables[i];
    needed.push_back((table.kind == TableKind::kView ? "view " : "table ") + table.name);
  }
  return needed;
}

Project ProjectOf(const DatabaseFacts& database, const Verdict& verdict) {
  Project project;
  project.bytes = database.bytes;
  project.staying_bytes = verdict.staying_bytes;
  project.storage_bytes = database.storage_bytes;
  project.max_connections = database.max_connections;
  project.lake_month = {verdict.storage_month.low + verdict.duckdb_month,
                        verdict.storage_month.high + verdict.athena_month};
  project.needed = Needed(database, verdict);
  return project;
}

template <typename Predicate>
int Count(const std::vector<TableFacts>& tables, Predicate holds) {
  return static_cast<int>(std::count_if(tables.begin(), tables.end(), holds));
}

std::string Tables(int count) {
  return count == 1 ? "1 table" : fmt::format("{} tables", count);
}

std::string GrowthReason(const DatabaseFacts& database, const Prices& prices) {
  std::string reason =
      fmt::format("it grows by about {} a month, by the dates in its tables",
                  FormatBytes(std::llround(database.growth_bytes_month)));
  const auto room = static_cast<double>(prices.free_database_bytes - database.bytes);
  if (database.supabase && room > 0) {
    reason += fmt::format(": the Free plan is full in about {} months",
                          FormatCount(std::llround(room / database.growth_bytes_month)));
  }
  return reason;
}

void Explain(const DatabaseFacts& database, const Prices& prices, Verdict* verdict) {
  const auto is_table = [](const TableFacts& t) { return t.kind != TableKind::kView; };
  const int tables = Count(database.tables, is_table);
  int moving = 0;
  for (const TableFate& table : verdict->tables) moving += table.fate != Fate::kStays;
  verdict->reasons.push_back(
      fmt::format("{} of {} tables can move: {} of the database's {}", moving, tables,
                  FormatBytes(verdict->moving_bytes), FormatBytes(database.bytes)));
  if (database.growth_bytes_month >= 1) {
    verdict->reasons.push_back(GrowthReason(database, prices));
  }
  const int closed =
      Count(database.tables, [](const TableFacts& t) { return t.row_security; });
  if (closed > 0) {
    verdict->reasons.push_back(fmt::format(
        "row security on {}: closed in the lake's API until predicates are declared",
        Tables(closed)));
  }
  const int unknown = Count(database.tables, [](const TableFacts& t) {
    return t.kind == TableKind::kTable && !(t.inserts_per_second && t.changes_per_second);
  });
  if (unknown > 0) {
    verdict->reasons.push_back(fmt::format(
        "the write rate of {} is unknown: look again after a day of normal use",
        Tables(unknown)));
  }
}

const Scenario* BestScenario(const Verdict& verdict) {
  const Scenario* best = nullptr;
  for (const Scenario& scenario : verdict.scenarios) {
    if (!scenario.possible) continue;
    if (best == nullptr || scenario.saving().low > best->saving().low) best = &scenario;
  }
  return best;
}

void AdviseSupabase(const DatabaseFacts& database, const Prices& prices, bool all,
                    Verdict* verdict) {
  if (database.bytes <= prices.free_database_bytes) {
    verdict->advice = Advice::kNothingToSave;
    verdict->headline =
        fmt::format("Nothing to save: {} fit Supabase's Free plan ({}) as they are",
                    FormatBytes(database.bytes), FormatBytes(prices.free_database_bytes));
    return;
  }
  const Scenario* best = BestScenario(*verdict);
  if (best == nullptr || best->saving().high < kWorthwhile) {
    verdict->advice = Advice::kNothingToSave;
    verdict->headline = fmt::format(
        "Nothing to save while the project stays on its plan: {} of disk cost less than "
        "${:.2f} a month",
        FormatBytes(verdict->moving_bytes), kWorthwhile);
    return;
  }
  verdict->advice = all ? Advice::kMove : Advice::kMoveInPart;
  verdict->headline = fmt::format("Worth it{}: {} saves about ${:.2f} to ${:.2f} a month",
                                  all ? "" : " in part", best->name,
                                  std::max(0.0, best->saving().low), best->saving().high);
}

void Advise(const DatabaseFacts& database, const Prices& prices, Verdict* verdict) {
  int moving = 0;
  int staying = 0;
  for (size_t i = 0; i < database.tables.size(); ++i) {
    if (database.tables[i].kind == TableKind::kView) continue;
    ++(verdict->tables[i].fate == Fate::kStays ? staying : moving);
  }
  verdict->advice = Advice::kKeep;
  if (moving + staying == 0) {
    verdict->headline = "No tables here: nothing to move";
  } else if (moving == 0) {
    verdict->headline = "Keep it in Postgres: no table can move as it is";
  } else if (verdict->moving_bytes < database.bytes * kWorthwhileShare &&
             database.bytes > prices.free_database_bytes) {
    verdict->headline =
        fmt::format("Keep it in Postgres: only {} of {} can move",
                    FormatBytes(verdict->moving_bytes), FormatBytes(database.bytes));
  } else if (database.supabase) {
    AdviseSupabase(database, prices, staying == 0, verdict);
  } else {
    verdict->advice = Advice::kDepends;
    verdict->headline = fmt::format(
        "Depends on this server's price: worth it if {} and it costs more than about "
        "${:.2f} a month",
        staying == 0 ? "it can end" : "it can shrink to what stays",
        verdict->storage_month.high + verdict->athena_month);
  }
}

}  // namespace

TableFate JudgeTable(const TableFacts& table) {
  TableFate fate{table.name};
  if (table.kind == TableKind::kView) {
    Because(&fate, Fate::kStays,
            "a view: its definition stays; migrate --table copies its rows once");
    return fate;
  }
  if (table.kind == TableKind::kForeign) {
    Because(&fate, Fate::kStays,
            "a foreign table: its rows lie elsewhere; migrate copies them once");
    return fate;
  }
  if (!table.obstacle.empty()) Because(&fate, Fate::kStays, table.obstacle);
  if (!table.readable) {
    Because(&fate, Fate::kStays, "this role may not read it: GRANT SELECT, or its owner");
  } else if (!table.every_row) {
    Because(
        &fate, Fate::kStays,
        "this role sees only some of its rows: use its owner or a role with BYPASSRLS");
  }
  if (!table.text_columns.empty()) {
    Because(&fate, Fate::kMovesWithCare,
            fmt::format("exact, but as text: {}", fmt::join(table.text_columns, ", ")));
  }
  JudgeWrites(table, &fate);
  if (table.row_security) {
    Because(&fate, Fate::kMovesWithCare,
            "row security: closed in the API until predicates are declared");
  }
  return fate;
}

Verdict Judge(const DatabaseFacts& database, const Prices& prices) {
  Verdict verdict;
  for (const TableFacts& table : database.tables) {
    verdict.tables.push_back(JudgeTable(table));
  }
  Weigh(database, prices, &verdict);
  if (database.supabase) {
    const Prices::Compute* size = GuessCompute(database.max_connections, prices);
    verdict.compute = size == nullptr ? "" : size->name;
    verdict.scenarios = DrawScenarios(ProjectOf(database, verdict), prices);
  }
  Explain(database, prices, &verdict);
  Advise(database, prices, &verdict);
  return verdict;
}

std::string_view AdviceName(Advice advice) {
  switch (advice) {
    case Advice::kMove: return "move";
    case Advice::kMoveInPart: return "move_in_part";
    case Advice::kDepends: return "depends";
    case Advice::kNothingToSave: return "nothing_to_save";
    case Advice::kKeep: return "keep";
  }
  return "keep";
}

std::string_view FateName(Fate fate) {
  switch (fate) {
    case Fate::kMoves: return "moves";
    case Fate::kMovesWithCare: return "moves_with_care";
    case Fate::kStays: return "stays";
  }
  return "stays";
}

}  // namespace shoestring
