#include <fmt/chrono.h>

#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <cstdio>
#include <memory>
#include <string>

#include "base/terminal_text.h"
#include "base/units.h"
#include "cli/commands.h"
#include "cli/lake_option.h"
#include "job/run_list.h"

namespace shoestring {

namespace {

namespace json = boost::json;

constexpr const char* kExamples =
    "Examples:\n"
    "  shoestring runs --lake ./lake\n"
    "  shoestring runs --lake ./lake --json\n"
    "  shoestring runs --lake ./lake 20260131-235959-1f2e3d4c\n";

struct Options {
  std::string lake;
  S3Options s3;
  std::string run;
  bool json = false;
};

json::object AsJson(const ListedRun& run) {
  json::array kept;
  for (const auto& table : run.kept) {
    kept.push_back({{"table", table.table},
                    {"source_lsn", table.source_lsn},
                    {"rows", table.rows},
                    {"bytes", table.bytes}});
  }
  return {{"run", run.id},
          {"state", run.state},
          {"taken_by", run.taken_by},
          {"failure", run.failure},
          {"command", run.command},
          {"source", run.source},
          {"tables", json::array(run.tables.begin(), run.tables.end())},
          {"started", run.started},
          {"heartbeat_ms", run.heartbeat_ms},
          {"rows", run.rows},
          {"bytes", run.bytes},
          {"kept", std::move(kept)}};
}

std::string TimeText(int64_t ms) {
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}",
                     fmt::gmtime(static_cast<std::time_t>(ms / 1000)));
}

// What a line of the list cannot hold.
void PrintMore(const ListedRun& run) {
  if (!run.taken_by.empty()) std::printf("  taken over by %s\n", run.taken_by.c_str());
  if (!run.failure.empty()) std::printf("  %s\n", Printable(run.failure).c_str());
  for (const auto& table : run.kept) {
    std::printf("  kept: %s, %s rows, %s, as of %s\n", Printable(table.table).c_str(),
                FormatCount(table.rows).c_str(), FormatBytes(table.bytes).c_str(),
                table.source_lsn.c_str());
  }
  if (!run.kept.empty() && (run.state == "failed" || run.state == "dead")) {
    std::printf("  the same command goes on from there; with --fresh it starts over\n");
  }
}

void Print(const ListedRun& run) {
  std::printf("%-26s %-9s %-8s %-20s %-20s %14s %10s  %s: %s\n", run.id.c_str(),
              run.state.c_str(), run.command.c_str(), run.started.c_str(),
              TimeText(run.heartbeat_ms).c_str(), FormatCount(run.rows).c_str(),
              FormatBytes(run.bytes).c_str(), Printable(run.source).c_str(),
              Printable(fmt::format("{}", fmt::join(run.tables, ", "))).c_str());
  PrintMore(run);
}

void PrintAll(const std::vector<ListedRun>& runs) {
  std::printf("%-26s %-9s %-8s %-20s %-20s %14s %10s  %s\n", "run", "state", "command",
              "started", "last seen", "rows", "size", "source: tables");
  for (const auto& run : runs) Print(run);
}

void Run(const Options& options) {
  const auto store = OpenObjectStore(options.lake, /*create=*/false, options.s3);
  if (!options.run.empty()) {
    std::printf("%s\n", RunReport(store.get(), options.run).c_str());
    return;
  }
  const auto runs = ListRuns(store.get());
  if (!options.json) return PrintAll(runs);
  json::array array;
  for (const auto& run : runs) array.push_back(AsJson(run));
  std::printf("%s\n", json::serialize(array).c_str());
}

}  // namespace

void AddRunsCommand(CLI::App& app) {
  auto options = std::make_shared<Options>();
  CLI::App* command =
      app.add_subcommand("runs", "List the runs of a lake, or show the report of one");
  AddLakeOption(*command, &options->lake, &options->s3)->required();
  command->add_option("run", options->run, "The run whose report to print, as JSON");
  command->add_flag("--json", options->json, "The list as JSON");
  command->footer(kExamples);
  command->callback([options] { Run(*options); });
}

}  // namespace shoestring
