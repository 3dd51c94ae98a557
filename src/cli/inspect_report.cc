#include "cli/inspect_report.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "base/units.h"
#include "lake/table_metadata.h"
#include "source/write_rates.h"

namespace shoestring {

namespace {

TableKind KindOf(char relkind) {
  if (relkind == 'v' || relkind == 'm') return TableKind::kView;
  return relkind == 'f' ? TableKind::kForeign : TableKind::kTable;
}

std::string ObstacleOf(const InspectedTable& table) {
  if (table.columns == 0) return "it has no columns";
  if (IsFolderName(table.schema) && IsFolderName(table.name)) return "";
  return "its name cannot be a folder's: migrate a view with a plain name";
}

TableFacts FactsOf(const InspectedTable& table, const Inspection& inspection) {
  const WriteRates rates = RatesOf(table, inspection);
  TableFacts facts;
  facts.name = ShownName(table);
  facts.kind = KindOf(table.kind);
  facts.heap_bytes = table.heap_bytes;
  facts.toast_bytes = table.toast_bytes;
  facts.index_bytes = table.index_bytes;
  facts.readable = table.readable;
  facts.every_row = table.every_row;
  facts.row_security = table.row_security;
  facts.obstacle = ObstacleOf(table);
  for (const auto& column : table.text_columns) {
    facts.text_columns.push_back(fmt::format("{} ({})", column.name, column.type));
  }
  facts.inserts_per_second = rates.inserts;
  facts.changes_per_second = rates.changes;
  return facts;
}

/// "auth users: 12"; nothing for none.
void AddUse(std::vector<std::string>* uses, std::optional<int64_t> count,
            std::string_view what) {
  if (count != 0) uses->push_back(fmt::format("{}: {}", what, CountText(count)));
}

int64_t CallableFunctions(const Inspection& inspection) {
  return std::count_if(inspection.functions.begin(), inspection.functions.end(),
                       [](const SourceFunction& f) { return f.used_by.empty(); });
}

std::vector<std::string> InUse(const Inspection& inspection) {
  std::vector<std::string> uses;
  AddUse(&uses, inspection.supabase->users, "auth users");
  AddUse(&uses, inspection.supabase->objects, "files in storage");
  AddUse(&uses, inspection.supabase->cron_jobs, "cron jobs");
  AddUse(&uses, static_cast<int64_t>(inspection.supabase->realtime_tables.size()),
         "tables followed by realtime");
  AddUse(&uses, CallableFunctions(inspection), "functions that clients can call");
  return uses;
}

/// Of the tables whose newest date is recent, indexes included.
double GrowthBytes(const Inspection& inspection) {
  constexpr int32_t kRecentDays = 62;
  double bytes = 0;
  for (const auto& table : inspection.tables) {
    if (!table.growth || table.rows.value_or(0) == 0) continue;
    if (table.growth->latest < inspection.today - kRecentDays) continue;
    const double row =
        static_cast<double>(table.bytes()) / static_cast<double>(*table.rows);
    bytes += table.growth->rows_per_month * row;
  }
  return bytes;
}

DatabaseFacts FactsOf(const Inspection& inspection) {
  DatabaseFacts facts;
  facts.bytes = inspection.bytes;
  facts.growth_bytes_month = GrowthBytes(inspection);
  facts.max_connections = inspection.max_connections;
  facts.supabase = inspection.supabase.has_value();
  if (inspection.supabase) {
    facts.storage_bytes = inspection.supabase->object_bytes.value_or(0);
    facts.in_use = InUse(inspection);
  }
  for (const auto& table : inspection.tables) {
    facts.tables.push_back(FactsOf(table, inspection));
  }
  return facts;
}

}  // namespace

InspectReport ReportOn(std::string source, Inspection inspection) {
  InspectReport report{std::move(source), std::move(inspection)};
  const DatabaseFacts facts = FactsOf(report.inspection);
  report.growth_bytes_month = facts.growth_bytes_month;
  report.verdict = Judge(facts, ShippedPrices());
  return report;
}

std::string_view KindName(char relkind) {
  switch (relkind) {
    case 'p': return "partitioned table";
    case 'v': return "view";
    case 'm': return "materialized view";
    case 'f': return "foreign table";
    default: return "table";
  }
}

std::string ShownName(const InspectedTable& table) {
  return table.schema == "public" ? table.name : table.QualifiedName();
}

double ReadShare(const InspectedTable& table, const Inspection& inspection) {
  int64_t all = 0;
  for (const auto& other : inspection.tables) all += other.counters.read;
  return all == 0 ? 0
                  : static_cast<double>(table.counters.read) / static_cast<double>(all);
}

std::string IsoDate(int32_t days) {
  return fmt::format("{:%Y-%m-%d}",
                     std::chrono::sys_time<std::chrono::days>(std::chrono::days(days)));
}

std::string CountText(std::optional<int64_t> count) {
  return count ? FormatCount(*count) : "not readable";
}

}  // namespace shoestring
