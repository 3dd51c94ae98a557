#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <string>

#include "cli/commands.h"
#include "cli/lake_listing.h"
#include "cli/lake_option.h"

namespace shoestring {

namespace {

constexpr const char* kExamples =
    "Examples:\n"
    "  shoestring describe --lake ./lake fund_holdings\n"
    "  shoestring describe --lake ./lake fund_holdings --format json";

struct Options {
  std::string table;
  std::string lake;
  S3Options s3;
  std::string format = "table";
};

void Run(const Options& options) {
  const auto store = OpenObjectStore(options.lake, /*create=*/false, options.s3);
  const std::string text = options.format == "json"
                               ? DescriptionAsJson(store.get(), options.table)
                               : DescriptionAsText(store.get(), options.table);
  std::fputs(text.c_str(), stdout);
}

}  // namespace

void AddDescribeCommand(CLI::App& app) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand(
      "describe", "Show the columns, types, partitions and files of a table");
  command->add_option("table", options->table, "The table's name")->required();
  AddLakeOption(*command, &options->lake, &options->s3)->required();
  command->add_option("--format", options->format, "table or json")
      ->type_name("F")
      ->check(CLI::IsMember({"table", "json"}))
      ->capture_default_str();
  command->footer(kExamples);
  command->callback([options] { Run(*options); });
}

}  // namespace shoestring
