#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <chrono>
#include <cstdio>
#include <map>
#include <memory>

#include "base/error.h"
#include "base/terminal_text.h"
#include "base/units.h"
#include "cli/commands.h"
#include "cli/ledger_option.h"
#include "cost/ledger.h"
#include "cost/query_cost.h"

namespace shoestring {

namespace {

namespace json = boost::json;

constexpr const char* kExamples =
    "Examples:\n"
    "  shoestring ledger\n"
    "  shoestring ledger --by statement --since 7d\n"
    "  shoestring ledger --format json --by engine";

struct Options {
  std::string by = "day";
  std::string since;
  std::string format = "text";
};

const std::map<std::string, LedgerKey> kKeys = {{"day", LedgerKey::kDay},
                                                {"engine", LedgerKey::kEngine},
                                                {"statement", LedgerKey::kStatement}};

int64_t SinceMs(const Options& options) {
  if (options.since.empty()) return 0;
  const auto since = std::chrono::system_clock::now() - ParseDuration(options.since);
  return std::chrono::duration_cast<std::chrono::milliseconds>(since.time_since_epoch())
      .count();
}

std::vector<std::string> Cells(const LedgerSum& sum) {
  return {
      FormatCount(sum.queries),   FormatCount(sum.free),
      FormatCount(sum.failed),    FormatDuration(std::chrono::milliseconds(sum.wall_ms)),
      FormatBytes(sum.bytes),     FormatCount(sum.requests),
      FormatDollars(sum.dollars), Printable(sum.key)};
}

void AddTo(LedgerSum* total, const LedgerSum& sum) {
  total->queries += sum.queries;
  total->free += sum.free;
  total->failed += sum.failed;
  total->bytes += sum.bytes;
  total->requests += sum.requests;
  total->wall_ms += sum.wall_ms;
  total->dollars += sum.dollars;
}

std::string AsText(const std::vector<LedgerSum>& sums, const std::string& by) {
  std::string heading = by;
  for (char& c : heading) c = static_cast<char>(std::toupper(c));
  std::vector<std::vector<std::string>> lines = {
      {"QUERIES", "FROM CACHE", "FAILED", "TIME", "READ", "REQUESTS", "COST", heading}};
  LedgerSum total{.key = "all"};
  for (const LedgerSum& sum : sums) {
    lines.push_back(Cells(sum));
    AddTo(&total, sum);
  }
  lines.push_back(Cells(total));
  return AlignColumns(lines, /*left_at_end=*/1);
}

std::string AsJson(const std::vector<LedgerSum>& sums, const std::string& by) {
  json::array all;
  for (const LedgerSum& sum : sums) {
    all.push_back(json::object{{by, sum.key},
                               {"queries", sum.queries},
                               {"from_cache", sum.free},
                               {"failed", sum.failed},
                               {"wall_ms", sum.wall_ms},
                               {"bytes", sum.bytes},
                               {"requests", sum.requests},
                               {"dollars", sum.dollars}});
  }
  return json::serialize(all) + "\n";
}

void Run(const Options& options) {
  const std::string path = LedgerPath(Settings::Load());
  if (path.empty()) {
    throw Fail(
        ErrorKind::kNotFound,
        "There is no ledger: it is off, or neither HOME nor XDG_STATE_HOME is set");
  }
  const Ledger::Contents contents = Ledger(path).Read();
  const auto sums = SumLedger(contents.entries, kKeys.at(options.by), SinceMs(options));
  const std::string text =
      options.format == "json" ? AsJson(sums, options.by) : AsText(sums, options.by);
  std::fputs(text.c_str(), stdout);
  if (contents.unreadable > 0) {
    std::fprintf(stderr, "%s lines of %s were cut off or damaged, and are left out\n",
                 FormatCount(contents.unreadable).c_str(), path.c_str());
  }
}

}  // namespace

void AddLedgerCommand(CLI::App& app) {
  auto options = std::make_shared<Options>();
  CLI::App* command =
      app.add_subcommand("ledger", "What the queries of this user have read and cost");
  command->add_option("--by", options->by, "day (UTC), engine or statement")
      ->type_name("KEY")
      ->check(CLI::IsMember({"day", "engine", "statement"}))
      ->capture_default_str();
  command->add_option("--since", options->since, "Only the last 24h, 7d, …")
      ->type_name("TIME");
  command->add_option("--format", options->format, "text or json")
      ->type_name("F")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str();
  command->footer(kExamples);
  command->callback([options] { Run(*options); });
}

}  // namespace shoestring
