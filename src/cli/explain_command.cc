#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <cstdio>
#include <memory>

#include "base/terminal_text.h"
#include "base/units.h"
#include "cli/commands.h"
#include "cli/lake_option.h"
#include "cost/query_cost.h"
#include "engine/query_price.h"
#include "lake/read_cache.h"

namespace shoestring {

namespace {

namespace json = boost::json;

constexpr const char* kExamples =
    "Examples:\n"
    "  shoestring explain --lake ./lake 'SELECT sum(market_value) FROM fund_holdings\n"
    "                                    WHERE year = 2024'\n"
    "  shoestring explain --lake s3://bucket/lake --format json 'SELECT …'\n"
    "\n"
    "Nothing is run: the catalog tells, and the ends of files. docs/cost_of_queries.md\n"
    "says what the figures mean.";

struct Options {
  std::string sql;
  std::string lake;
  S3Options s3;
  std::string format = "text";
};

struct Explained {
  ScanEstimate estimate;
  std::vector<QueryPrice> prices;
  std::string prices_as_of;
};

Explained Explain(const Options& options) {
  const auto store = OpenObjectStore(options.lake, /*create=*/false, options.s3);
  const auto planner = OpenStatementPlanner(store.get());
  const StatementPlan plan = planner->Plan({options.sql, {}}, {});
  Explained explained{.estimate = EstimateScan(plan, store.get()),
                      .prices_as_of = ShippedPrices().as_of};
  explained.prices = PricesOf(explained.estimate, IsRemote(*store), ShippedPrices());
  return explained;
}

// --- text

std::string Of(int64_t part, int64_t whole) {
  return fmt::format("{} of {}", FormatCount(part), FormatCount(whole));
}

std::string TablesText(const ScanEstimate& estimate) {
  std::vector<std::vector<std::string>> lines = {
      {"TABLE", "FILES", "ROW GROUPS", "BYTES", "COLUMNS"}};
  for (const TableEstimate& table : estimate.tables) {
    std::string columns;
    for (const std::string& column : table.columns) {
      columns += (columns.empty() ? "" : ", ") + column;
    }
    lines.push_back({Printable(table.table), Of(table.files, table.lake_files),
                     FormatCount(table.row_groups),
                     fmt::format("{} of {}", FormatBytes(table.column_bytes),
                                 FormatBytes(table.lake_bytes)),
                     columns.empty() ? "none" : Printable(columns)});
  }
  return AlignColumns(lines, /*left_at_end=*/1);
}

std::string PricesText(const std::vector<QueryPrice>& prices) {
  std::vector<std::vector<std::string>> lines = {
      {"ENGINE", "READS", "REQUESTS", "COSTS"}};
  for (const QueryPrice& price : prices) {
    lines.push_back({std::string(price.engine), FormatBytes(price.reads.bytes),
                     FormatCount(price.reads.requests), FormatDollars(price.dollars)});
  }
  return AlignColumns(lines, /*left_at_end=*/0);
}

std::string AsText(const Explained& explained) {
  std::string text;
  if (!explained.estimate.tables.empty()) text = TablesText(explained.estimate) + "\n";
  text += PricesText(explained.prices);
  text += fmt::format(
      "\nAt most, read for the first time; list prices of {}, in us-east-1.\n",
      explained.prices_as_of);
  if (explained.estimate.footers_left_out > 0) {
    text += fmt::format("{} files were not looked into: taken to be like the others.\n",
                        FormatCount(explained.estimate.footers_left_out));
  }
  return text;
}

// --- JSON

json::object ToJson(const TableEstimate& table) {
  return {{"table", table.table},
          {"scans", table.scans},
          {"columns", json::array(table.columns.begin(), table.columns.end())},
          {"files", table.files},
          {"of_files", table.lake_files},
          {"row_groups", table.row_groups},
          {"bytes", table.column_bytes},
          {"of_bytes", table.lake_bytes}};
}

json::object ToJson(const QueryPrice& price) {
  return {{"engine", price.engine},
          {"bytes", price.reads.bytes},
          {"requests", price.reads.requests},
          {"dollars", price.dollars}};
}

std::string AsJson(const Explained& explained) {
  json::array tables;
  for (const TableEstimate& table : explained.estimate.tables) {
    tables.push_back(ToJson(table));
  }
  json::array engines;
  for (const QueryPrice& price : explained.prices) engines.push_back(ToJson(price));
  const json::object all{{"tables", std::move(tables)},
                         {"engines", std::move(engines)},
                         {"files_not_looked_into", explained.estimate.footers_left_out},
                         {"prices_as_of", explained.prices_as_of}};
  return json::serialize(all) + "\n";
}

void Run(const Options& options) {
  const Explained explained = Explain(options);
  const std::string text =
      options.format == "json" ? AsJson(explained) : AsText(explained);
  std::fputs(text.c_str(), stdout);
}

}  // namespace

void AddExplainCommand(CLI::App& app) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand(
      "explain", "What a query would read and cost, without running it");
  command->add_option("sql", options->sql, "One statement, in DuckDB's SQL")->required();
  AddLakeOption(*command, &options->lake, &options->s3)->required();
  command->add_option("--format", options->format, "text or json")
      ->type_name("F")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str();
  command->footer(kExamples);
  command->callback([options] { Run(*options); });
}

}  // namespace shoestring
