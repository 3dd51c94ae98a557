#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "cli/commands.h"
#include "cli/inspect_report.h"
#include "cli/source_option.h"

namespace shoestring {

namespace {

constexpr const char* kExamples =
    "Examples:\n"
    "  export DATABASE_URL=postgresql://user:password@host:5432/db\n"
    "  shoestring inspect\n"
    "  shoestring inspect --schema public --schema sales --format json";

struct Options {
  std::string source;
  std::vector<std::string> schemas;
  std::string format = "table";
};

void Run(const Options& options) {
  Connection connection(options.source);
  const InspectReport report =
      ReportOn(connection.description(), Inspect(&connection, options.schemas));
  const std::string text =
      options.format == "json" ? AsJson(report) + "\n" : AsText(report);
  std::fputs(text.c_str(), stdout);
}

}  // namespace

void AddInspectCommand(CLI::App& app) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand(
      "inspect", "Say what a database holds, what of it can move, and whether it pays");
  AddSourceOption(*command, &options->source);
  command
      ->add_option("--schema", options->schemas,
                   "Schema to look at; repeatable. Default: all but the system's and "
                   "Supabase's own")
      ->type_name("S");
  command->add_option("--format", options->format, "table or json")
      ->check(CLI::IsMember({"table", "json"}))
      ->capture_default_str();
  command->footer(kExamples);
  command->callback([options] { Run(*options); });
}

}  // namespace shoestring
