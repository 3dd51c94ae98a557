#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>

#include "base/error.h"
#include "base/terminal_text.h"
#include "base/units.h"
#include "cli/commands.h"
#include "cli/interrupt.h"
#include "cli/lake_option.h"
#include "cli/progress_line.h"
#include "cli/source_option.h"
#include "job/verify.h"

namespace shoestring {

namespace {

struct Flags {
  explicit Flags(CLI::App& command) : source(command) {}

  VerifyOptions options;
  OptionalSource source;
  std::string memory = "256MB";
  bool json = false;
};

constexpr const char* kExamples =
    "\nExamples:\n"
    "  shoestring verify --lake ./lake\n"
    "  shoestring verify --lake ./lake --table fund_holdings --json\n"
    "  export DATABASE_URL=postgresql://user:password@host:5432/db\n"
    "  shoestring verify --lake ./lake --source\n"
    "\nExit code 0: all is as it should be. 10: something in the lake is damaged.\n"
    "4: the lake is whole, but the source has other rows by now.\n";

void ShowProgress(const VerifyProgress& progress, ProgressLine* line) {
  if (!line->Due()) return;
  const bool bytes = progress.phase == "reading the lake";
  const auto show = [&](int64_t count) {
    return bytes ? FormatBytes(count) : FormatCount(count);
  };
  const double done = static_cast<double>(progress.done) /
                      std::max(1.0, static_cast<double>(progress.expected));
  line->Show(fmt::format("{}: {} of {}{}, {:.0f}% | {}", progress.phase,
                         show(progress.done), show(progress.expected),
                         bytes ? "" : " rows", std::min(100.0, 100 * done),
                         line->TimeLeft(done)));
}

int64_t CountFaults(const VerifyReport& report, const std::string& table, bool source) {
  return std::ranges::count_if(report.faults, [&](const Fault& fault) {
    return fault.table == table && (fault.problem == "source") == source;
  });
}

std::string Verdict(int64_t faults, const char* good, const char* one) {
  if (faults == 0) return good;
  return fmt::format("{} {}{}", FormatCount(faults), one, faults == 1 ? "" : "s");
}

std::vector<std::string> ReportLine(const VerifyReport& report,
                                    const VerifiedTable& table) {
  const auto verdict = [&](bool source, const char* good, const char* one) {
    return Verdict(CountFaults(report, table.name, source), good, one);
  };
  return {Printable(table.name),
          FormatCount(table.rows),
          FormatCount(table.files),
          FormatCount(table.partitions),
          FormatBytes(table.bytes),
          verdict(false, "proven", "fault"),
          table.source_rows ? verdict(true, "equal", "difference") : ""};
}

std::string ReportText(const VerifyReport& report) {
  std::vector<std::vector<std::string>> lines = {{"table", "rows", "files", "partitions",
                                                  "size", "lake",
                                                  report.source.empty() ? "" : "source"}};
  for (const auto& table : report.tables) lines.push_back(ReportLine(report, table));
  std::string text = AlignColumns(lines, /*left_at_end=*/2);
  for (const auto& fault : report.faults) text += Printable(Describe(fault)) + "\n";
  return text;
}

void PrintReport(const VerifyReport& report) {
  std::fputs(ReportText(report).c_str(), stdout);
  for (const auto& note : report.notes) {
    std::fprintf(stderr, "Note: %s\n", Printable(note).c_str());
  }
}

void PrintSummary(const VerifyReport& report) {
  int64_t rows = 0;
  int64_t bytes = 0;
  for (const auto& table : report.tables) {
    rows += table.rows;
    bytes += table.bytes;
  }
  std::fprintf(stderr, "%s rows of %zu tables, %s, verified in %s%s.\n",
               FormatCount(rows).c_str(), report.tables.size(),
               FormatBytes(bytes).c_str(),
               FormatDuration(std::chrono::milliseconds(report.wall_ms)).c_str(),
               report.source.empty() ? ""
                                     : fmt::format(", and compared with {} as of {}",
                                                   report.source, report.source_lsn)
                                           .c_str());
}

void ThrowFaults(const VerifyReport& report) {
  if (report.faults.empty()) return;
  if (const int64_t damages = report.Damages(); damages > 0) {
    throw Fail(ErrorKind::kCorrupt, "{} in {}", Verdict(damages, "", "fault"),
               report.lake);
  }
  throw Fail(ErrorKind::kConflict,
             "{} between {} and its source, which has changed since. Way out: migrate "
             "again",
             Verdict(static_cast<int64_t>(report.faults.size()), "", "difference"),
             report.lake);
}

void RunVerify(Flags* flags) {
  flags->options.source = flags->source.url();
  flags->options.memory = ParseBytes(flags->memory);
  const Interrupt interrupt;
  ProgressLine line(flags->json && isatty(STDERR_FILENO) == 0);
  const VerifyReport report =
      Verify(flags->options, interrupt.token(),
             [&](const VerifyProgress& progress) { ShowProgress(progress, &line); });
  line.Clear();
  if (flags->json) {
    std::printf("%s\n", FormatReportJson(report).c_str());
  } else {
    PrintReport(report);
    if (report.faults.empty()) PrintSummary(report);
  }
  std::fflush(stdout);
  ThrowFaults(report);
}

}  // namespace

void AddVerifyCommand(CLI::App& app) {
  CLI::App* command = app.add_subcommand(
      "verify", "Prove that a lake holds what was copied, or what its source holds");
  command->footer(kExamples);
  auto flags = std::make_shared<Flags>(*command);
  AddLakeOption(*command, &flags->options.lake, &flags->options.s3)->required();
  command
      ->add_option("--table", flags->options.tables,
                   "A table of the lake; may be given again. Without it: all")
      ->allow_extra_args(false);
  command->add_option("--jobs", flags->options.jobs,
                      "Threads, and connections. Without it: one a core, at most 8");
  command->add_option("--memory", flags->memory, "Memory for everything")
      ->capture_default_str();
  command->add_flag("--json", flags->json, "The report as JSON");
  command->callback([flags] { RunVerify(flags.get()); });
}

}  // namespace shoestring
