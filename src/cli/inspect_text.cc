#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "base/terminal_text.h"
#include "base/units.h"
#include "cli/inspect_report.h"
#include "source/policy_draft.h"
#include "source/write_rates.h"

namespace shoestring {

namespace {

constexpr size_t kShownLines = 20;

/// One line of printable text, whatever somebody wrote into a name or a policy.
std::string OneLine(std::string_view text) {
  std::string line;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    // U+0080 to U+009F are control characters, too.
    const bool wide = c == 0xC2 && i + 1 < text.size() &&
                      static_cast<unsigned char>(text[i + 1]) < 0xA0;
    if (wide) ++i;
    if (c > ' ' && c != 0x7F && !wide) {
      line += text[i];
    } else if (!line.empty() && line.back() != ' ') {
      line += ' ';
    }
  }
  return line;
}

/// A heading and its lines, the first twenty of them; nothing without lines.
std::string Section(std::string_view heading, const std::vector<std::string>& lines) {
  if (lines.empty()) return "";
  std::string text = fmt::format("\n{}\n", heading);
  for (size_t i = 0; i < std::min(kShownLines, lines.size()); ++i) {
    text += "  " + OneLine(lines[i]) + "\n";
  }
  if (lines.size() > kShownLines) {
    text += fmt::format("  and {} more (--format json has all)\n",
                        lines.size() - kShownLines);
  }
  return text;
}

std::string RateText(const std::optional<double>& rate, bool counted) {
  if (!counted) return "";
  return rate ? fmt::format("{:.3g}", *rate) : "unknown";
}

std::string GrowthText(const InspectedTable& table) {
  if (table.date_column.empty() || !table.has_rows()) return "";
  if (!table.growth) return "? by " + table.date_column;
  return fmt::format("~{} by {}, up to {}",
                     FormatCount(std::llround(table.growth->rows_per_month)),
                     table.date_column, IsoDate(table.growth->latest));
}

std::string_view FateText(Fate fate) {
  switch (fate) {
    case Fate::kMoves: return "yes";
    case Fate::kMovesWithCare: return "with care";
    case Fate::kStays: return "no";
  }
  return "";
}

std::string TablesText(const InspectReport& report) {
  std::vector<std::vector<std::string>> lines = {{"TABLE", "ROWS", "HEAP", "TOAST",
                                                  "INDEXES", "INSERTS/S", "CHANGES/S",
                                                  "READS", "MOVES", "NEW ROWS A MONTH"}};
  for (size_t i = 0; i < report.inspection.tables.size(); ++i) {
    const InspectedTable& table = report.inspection.tables[i];
    const WriteRates rates = RatesOf(table, report.inspection);
    const bool sized = table.has_rows() || table.kind == 'm';
    const auto bytes = [&](int64_t count) { return sized ? FormatBytes(count) : ""; };
    lines.push_back(
        {OneLine(ShownName(table)),
         !sized       ? std::string(KindName(table.kind))
         : table.rows ? "~" + FormatCount(*table.rows)
                      : "unknown",
         bytes(table.heap_bytes), bytes(table.toast_bytes), bytes(table.index_bytes),
         RateText(rates.inserts, table.has_rows()),
         RateText(rates.changes, table.has_rows()),
         sized ? fmt::format("{:.0f}%", 100 * ReadShare(table, report.inspection)) : "",
         std::string(FateText(report.verdict.tables[i].fate)),
         OneLine(GrowthText(table))});
  }
  return lines.size() == 1 ? "No tables\n" : AlignColumns(lines, /*left_at_end=*/2);
}

std::string HeaderText(const InspectReport& report) {
  const Inspection& inspection = report.inspection;
  std::string text =
      fmt::format("{} · PostgreSQL {} · {}{}\nschemas: {}\n", report.source,
                  inspection.server_version, FormatBytes(inspection.bytes),
                  inspection.supabase ? " · Supabase" : "",
                  OneLine(fmt::format("{}", fmt::join(inspection.schemas, ", "))));
  const std::string doubt = CountersDoubt(inspection);
  text +=
      fmt::format("writes and reads are counted since {}{}\n\n", inspection.counted_since,
                  doubt.empty() ? "" : "; no rates: " + doubt);
  return text;
}

std::string PolicyText(const InspectedTable& table, const Policy& policy) {
  std::string text = fmt::format("{}: {} ({}{} to {})", ShownName(table), policy.name,
                                 policy.permissive ? "" : "restrictive, ", policy.command,
                                 fmt::join(policy.roles, ", "));
  if (!policy.using_text.empty()) text += " using " + policy.using_text;
  if (!policy.check_text.empty()) text += " with check " + policy.check_text;
  return text;
}

std::string PoliciesText(const Inspection& inspection) {
  std::vector<std::string> lines;
  for (const auto& table : inspection.tables) {
    if (table.row_security && table.policies.empty()) {
      lines.push_back(ShownName(table) + ": no policy, closed to all but its owner");
    }
    for (const auto& policy : table.policies) {
      lines.push_back(PolicyText(table, policy) +
                      (table.row_security ? "" : "; row security is off on the table"));
    }
  }
  return Section("Row security", lines);
}

std::string DraftsText(const Inspection& inspection) {
  std::vector<TableDraft> drafts;
  for (const auto& table : inspection.tables) {
    if (!table.row_security || !table.has_rows()) continue;
    drafts.push_back({ShownName(table), DraftRows(table.policies)});
  }
  return Section("Rows to declare for serve in shoestring.toml (a draft, to be checked)",
                 FormatDrafts(drafts));
}

std::string ColumnsText(const Inspection& inspection) {
  std::vector<std::string> numbered;
  std::vector<std::string> generated;
  std::vector<std::string> outward;
  for (const auto& table : inspection.tables) {
    for (const auto& name : table.numbered_columns) {
      numbered.push_back(ShownName(table) + "." + name);
    }
    for (const auto& name : table.generated_columns) {
      generated.push_back(ShownName(table) + "." + name);
    }
    for (const auto& key : table.outward_keys) {
      outward.push_back(
          fmt::format("{}: {} to {}", ShownName(table), key.name, key.target));
    }
  }
  return Section("Columns numbered by Postgres (identity, sequences)", numbered) +
         Section("Generated columns (moved as values)", generated) +
         Section("Foreign keys to other schemas", outward);
}

std::string UsersText(const SourceFunction& function) {
  constexpr size_t kNamed = 3;
  if (function.used_by.empty()) return "";
  if (function.used_by.size() > kNamed) {
    return fmt::format(": used by {} triggers or policies", function.used_by.size());
  }
  return fmt::format(": used by {}", fmt::join(function.used_by, ", "));
}

std::string CodeText(const Inspection& inspection) {
  std::vector<std::string> triggers;
  for (const auto& trigger : inspection.triggers) {
    triggers.push_back(fmt::format("{}: {} calls {}{}", trigger.table, trigger.name,
                                   trigger.function,
                                   trigger.enabled ? "" : " (disabled)"));
  }
  std::vector<std::string> functions;
  for (const auto& function : inspection.functions) {
    functions.push_back(fmt::format("{} ({}{}){}", function.name, function.language,
                                    function.security_definer ? ", security definer" : "",
                                    UsersText(function)));
  }
  return Section("Triggers (stay)", triggers) +
         Section(fmt::format("Functions: {} (stay)", functions.size()), functions);
}

std::string RestText(const Inspection& inspection) {
  std::vector<std::string> lines;
  std::vector<std::string> extensions;
  for (const auto& extension : inspection.extensions) {
    extensions.push_back(extension.name + " " + extension.version);
  }
  lines.push_back(fmt::format("extensions: {}", fmt::join(extensions, ", ")));
  for (const auto& publication : inspection.publications) {
    lines.push_back(fmt::format("publication {}: {}", publication.name,
                                publication.all_tables
                                    ? "all tables"
                                    : fmt::format("tables: {}", publication.tables)));
  }
  if (inspection.large_objects != 0) {
    lines.push_back(fmt::format("large objects: {}, {} (stay)",
                                CountText(inspection.large_objects),
                                FormatBytes(inspection.large_object_bytes)));
  }
  return Section("Besides", lines);
}

std::string SupabaseText(const InspectReport& report) {
  if (!report.inspection.supabase) return "";
  const SupabaseUse& use = *report.inspection.supabase;
  return Section(
      "Supabase",
      {fmt::format("auth users: {}", CountText(use.users)),
       fmt::format("storage: buckets {}, files {}, bytes {}", CountText(use.buckets),
                   CountText(use.objects),
                   use.object_bytes ? FormatBytes(*use.object_bytes) : "not readable"),
       use.realtime_tables.empty()
           ? "realtime: follows no table"
           : fmt::format("realtime: follows {}", fmt::join(use.realtime_tables, ", ")),
       fmt::format("cron jobs: {}", CountText(use.cron_jobs)),
       report.verdict.compute.empty()
           ? "compute: unknown, taken as the smallest"
           : fmt::format("compute: {}, guessed from max_connections",
                         report.verdict.compute)});
}

std::string FatesText(const Verdict& verdict, Fate fate, std::string_view heading) {
  // Views alone would fill the page with one reason.
  std::map<std::string, std::vector<std::string>> tables_of;
  for (const auto& table : verdict.tables) {
    if (table.fate != fate) continue;
    tables_of[fmt::format("{}", fmt::join(table.reasons, "; "))].push_back(table.table);
  }
  std::vector<std::string> lines;
  for (const auto& [reason, tables] : tables_of) {
    lines.push_back(fmt::format("{}: {}", fmt::join(tables, ", "), reason));
  }
  return Section(heading, lines);
}

std::string Dollars(Range range) {
  constexpr double kCent = 0.01;
  if (range.high > 0 && range.high < kCent) return "less than a cent";
  const std::string low = fmt::format("${:.2f}", range.low);
  const std::string high = fmt::format("${:.2f}", range.high);
  return low == high ? low : low + " to " + high;
}

std::string CostsText(const Verdict& verdict) {
  std::vector<std::string> lines = {
      fmt::format("Parquet (Snappy): {} to {}, guessed from sizes; migrate --dry-run "
                  "measures it",
                  FormatBytes(std::llround(verdict.lake_bytes.low)),
                  FormatBytes(std::llround(verdict.lake_bytes.high))),
      fmt::format("S3 Standard: {} a month", Dollars(verdict.storage_month)),
      fmt::format("{} queries a month: ${:.2f} of requests with the DuckDB inside, "
                  "${:.2f} with Athena if each reads little",
                  FormatCount(kAssumedQueries), verdict.duckdb_month,
                  verdict.athena_month),
      fmt::format("one Athena query that reads everything: at most ${:.5f}",
                  verdict.athena_full_scan.high)};
  std::string text =
      Section(fmt::format("The lake would cost (us-east-1, prices gathered {})",
                          ShippedPrices().as_of),
              lines);
  lines.clear();
  for (const Scenario& scenario : verdict.scenarios) {
    lines.push_back(
        scenario.possible
            ? fmt::format("{}: {} today, {} with the lake; {}", scenario.name,
                          Dollars(scenario.today), Dollars(scenario.after),
                          scenario.condition)
            : fmt::format("{}: not yet; {}", scenario.name, scenario.condition));
  }
  return text + Section("Ways to go on, dollars a month", lines);
}

}  // namespace

std::string AsText(const InspectReport& report) {
  const Inspection& inspection = report.inspection;
  return HeaderText(report) + TablesText(report) + PoliciesText(inspection) +
         DraftsText(inspection) + ColumnsText(inspection) + CodeText(inspection) +
         RestText(inspection) + SupabaseText(report) +
         FatesText(report.verdict, Fate::kStays, "Stays, and why") +
         FatesText(report.verdict, Fate::kMovesWithCare, "Moves with care") +
         CostsText(report.verdict) +
         Section("Verdict: " + report.verdict.headline, report.verdict.reasons);
}

}  // namespace shoestring
