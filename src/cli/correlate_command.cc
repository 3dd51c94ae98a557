#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>

#include "base/error.h"
#include "base/units.h"
#include "cli/commands.h"
#include "cli/correlation_text.h"
#include "cli/interrupt.h"
#include "cli/lake_option.h"
#include "cli/output.h"
#include "cli/query_engine.h"
#include "correlate/cluster.h"
#include "correlate/correlator.h"
#include "correlate/matrix_picture.h"

namespace shoestring {

namespace {

constexpr const char* kExamples =
    "Examples:\n"
    "  shoestring correlate --lake ./lake 'Scion Asset Management' 'ARK Investment "
    "Management'\n"
    "  shoestring correlate --lake ./lake 'Scion Asset Management' 'ARK Investment "
    "Management' --quarter 2024-Q1 --format table\n"
    "  shoestring correlate --engine trino 'Scion Asset Management' 'ARK Investment "
    "Management' --all-quarters\n"
    "  shoestring correlate --lake ./lake --all --format svg --output funds.svg\n"
    "\n"
    "Tables and columns other than the example's are named in shoestring.toml, under\n"
    "[correlation]: docs/correlation.md, which also says how scores are computed.";

struct Options {
  std::vector<std::string> funds;
  bool all = false;
  std::string quarter;
  bool all_quarters = false;
  std::string method = "pearson";
  bool options = false;
  std::string format;
  std::string output;
  std::string timeout;
  QueryEngineOptions engine;
};

QuarterChoice ChosenQuarter(const Options& options) {
  if (options.all_quarters) return {.all = true};
  return ParseQuarterChoice(options.quarter);
}

void CheckFormat(const std::string& format, const std::vector<std::string>& known) {
  if (std::ranges::find(known, format) != known.end()) return;
  throw Fail(ErrorKind::kInvalidArgument, "--format is one of {} here, not: {}",
             fmt::join(known, ", "), format);
}

std::string PairText(Correlator* correlator, const Options& options) {
  const std::string format = options.format.empty() ? "json" : options.format;
  CheckFormat(format, {"json", "table", "csv"});
  const PairReport report = correlator->Pair({.fund_a = options.funds.at(0),
                                              .fund_b = options.funds.at(1),
                                              .quarter = ChosenQuarter(options),
                                              .method = ParseMethod(options.method),
                                              .options = options.options});
  return format == "json"  ? PairJson(report)
         : format == "csv" ? PairCsv(report)
                           : PairTable(report);
}

std::string PictureOf(const Matrix& matrix, const Dendrogram& dendrogram, bool png) {
  constexpr size_t kManyFunds = 200;
  const Picture picture = DrawMatrix(matrix, dendrogram);
  // Sharp on the screens of today, as long as that does not take hundreds of MB.
  return png ? WritePng(picture, matrix.funds.size() > kManyFunds ? 1 : 2)
             : WriteSvg(picture);
}

std::string MatrixText(Correlator* correlator, const Options& options) {
  const std::string format = options.format.empty() ? "table" : options.format;
  CheckFormat(format, {"table", "csv", "json", "svg", "png"});
  const Matrix matrix = correlator->All(ChosenQuarter(options),
                                        ParseMethod(options.method), options.options);
  const Dendrogram dendrogram = Cluster(matrix);
  if (format == "svg" || format == "png") {
    return PictureOf(matrix, dendrogram, format == "png");
  }
  const Matrix ordered = Reordered(matrix, dendrogram.leaves);
  return format == "json"  ? MatrixJson(ordered)
         : format == "csv" ? MatrixCsv(ordered)
                           : MatrixTable(ordered);
}

void CheckFunds(const Options& options) {
  constexpr size_t kPair = 2;
  if (options.funds.size() == (options.all ? 0 : kPair)) return;
  throw Fail(ErrorKind::kInvalidArgument,
             "Name two funds to be compared, or --all alone; there are: {}",
             options.funds.size());
}

void Write(const std::string& text, const Options& options) {
  Output output(options.output, options.format == "png" ? "PNG" : "");
  const auto written =
      output.stream()->Write(text.data(), static_cast<int64_t>(text.size()));
  if (written.ok()) return output.Commit();
  if (output.reader_gone()) return;
  throw Fail(ErrorKind::kUnavailable, "Cannot write the output: {}", written.message());
}

void Run(const Options& options) {
  CheckFunds(options);
  const QueryEngine opened(options.engine);
  const Interrupt interrupt;
  QueryLimits limits;
  if (!options.timeout.empty())
    limits.time = Positive("--timeout", ParseDuration(options.timeout));
  Correlator correlator(opened.engine(),
                        {.settings = ReadCorrelationSettings(opened.settings()),
                         .dialect = DialectOf(opened.name()),
                         .limits = [limits] { return limits; },
                         .cancel = interrupt.token()});
  Write(options.all ? MatrixText(&correlator, options) : PairText(&correlator, options),
        options);
}

}  // namespace

void AddCorrelateCommand(CLI::App& app) {
  auto options = std::make_shared<Options>();
  CLI::App* command =
      app.add_subcommand("correlate", "How alike the holdings of funds are");
  command->add_option("funds", options->funds, "The names of two funds")
      ->type_name("FUND")
      ->expected(0, 2);
  command->add_flag("--all", options->all, "Each fund with each, in one quarter");
  auto* quarter =
      command
          ->add_option(
              "--quarter", options->quarter,
              "2024-Q3, or a date in it. Default: the latest that both, or of all "
              "funds enough, filed for")
          ->type_name("Q");
  command
      ->add_flag("--all-quarters", options->all_quarters,
                 "All for which both filed, together and each")
      ->excludes(quarter);
  command
      ->add_option("--method", options->method,
                   "What is the score: pearson, cosine, jaccard or common_weight")
      ->type_name("M")
      ->capture_default_str();
  command->add_flag("--options", options->options,
                    "Puts and calls count as positions, each of its own, in place of "
                    "standing apart");
  command
      ->add_option("--format", options->format,
                   "json, table or csv; of all funds table, csv, json, svg or png. The "
                   "first is the default")
      ->type_name("F");
  command->add_option("--output", options->output, "Write the result to a file")
      ->type_name("FILE");
  command->add_option("--timeout", options->timeout, "Stop after this time, such as 30s")
      ->type_name("TIME");
  AddLakeOption(*command, &options->engine.lake, &options->engine.s3);
  AddQueryEngineOptions(*command, &options->engine);
  command->footer(kExamples);
  command->callback([options] { Run(*options); });
}

}  // namespace shoestring
