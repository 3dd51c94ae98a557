// cost: what a lake costs, what it replaces, and whether the change pays. Numbers in,
// dollars and reasons out: nothing here talks to a server. Prices are dated data, in
// prices/, never constants in code.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cost/prices.h"
#include "cost/scenario.h"

namespace shoestring {

enum class TableKind { kTable, kView, kForeign };

struct TableFacts {
  std::string name;
  TableKind kind = TableKind::kTable;
  int64_t heap_bytes = 0;
  int64_t toast_bytes = 0;
  int64_t index_bytes = 0;
  bool readable = true;   ///< The role that looks may read the table…
  bool every_row = true;  ///< …and no policy hides rows from it.
  bool row_security = false;
  std::string obstacle;  ///< Why migrate would refuse it; empty: it would not.
  std::vector<std::string> text_columns;     ///< Become text: "tags (hstore)".
  std::optional<double> inserts_per_second;  ///< Nothing where the counters cannot tell.
  std::optional<double> changes_per_second;  ///< Updates and deletes.

  int64_t bytes() const { return heap_bytes + toast_bytes + index_bytes; }
};

struct DatabaseFacts {
  int64_t bytes = 0;
  double growth_bytes_month = 0;
  bool supabase = false;
  int64_t max_connections = 0;
  int64_t storage_bytes = 0;        ///< Files in Supabase's storage.
  std::vector<std::string> in_use;  ///< What else would end: "auth: 12 users", …
  std::vector<TableFacts> tables;
};

enum class Fate { kMoves, kMovesWithCare, kStays };

struct TableFate {
  std::string table;
  Fate fate = Fate::kMoves;
  std::vector<std::string> reasons;
};

enum class Advice {
  kMove,           ///< It pays, and everything can move.
  kMoveInPart,     ///< It pays, and some tables stay.
  kDepends,        ///< On what the server costs, which is not known.
  kNothingToSave,  ///< It could move, but saves no money.
  kKeep,           ///< It should not, or cannot, move.
};

struct Verdict {
  Advice advice = Advice::kKeep;
  std::string headline;
  std::vector<std::string> reasons;
  std::vector<TableFate> tables;
  int64_t moving_bytes = 0;   ///< Heap, TOAST and indexes of what can move.
  int64_t staying_bytes = 0;  ///< The rest of the database.
  Range lake_bytes;           ///< Snappy, guessed from sizes alone.
  Range storage_month;
  double duckdb_month = 0;  ///< GET requests of kAssumedQueries.
  double athena_month = 0;  ///< kAssumedQueries at Athena's least price.
  Range athena_full_scan;   ///< One query that reads all of the lake.
  std::string compute;      ///< Supabase's size, guessed, or "".
  std::vector<Scenario>
      scenarios;  ///< Of Supabase; elsewhere today's price is not known.
};

/// Queries a month that the running costs are stated for.
constexpr int64_t kAssumedQueries = 10'000;
/// From this rate of rows on a table belongs in Postgres.
constexpr double kOftenWritten = 1.0;
/// From this rate on a copy is stale soon.
constexpr double kSometimesWritten = 0.01;
/// Snappy Parquet to heap, and to TOAST, which Postgres has compressed already. Example
/// tables above 1 MB measured 0.24 to 0.34 of their heap as one file and 0.33 to 0.36 by
/// month, and a 0.94 MB one 0.39.
constexpr Range kHeapRatio = {0.15, 0.40};
constexpr Range kToastRatio = {0.40, 1.20};

TableFate JudgeTable(const TableFacts& table);
Verdict Judge(const DatabaseFacts& database, const Prices& prices);

/// "move", "move_in_part", "depends", "nothing_to_save", "keep".
std::string_view AdviceName(Advice advice);
/// "moves", "moves_with_care", "stays".
std::string_view FateName(Fate fate);

}  // namespace shoestring
