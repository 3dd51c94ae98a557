#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>

#include "base/error.h"
#include "base/units.h"
#include "cli/commands.h"
#include "cli/interrupt.h"
#include "cli/lake_option.h"
#include "cli/output.h"
#include "cli/prompt.h"
#include "cli/query_engine.h"
#include "engine/result_format.h"
#include "engine/statement_splitter.h"
#include "lake/read_cache.h"

namespace shoestring {

namespace {

constexpr const char* kExamples =
    "Examples:\n"
    "  shoestring query --lake ./lake 'SELECT count(*) FROM fund_holdings'\n"
    "  shoestring query --lake ./lake --format json 'SELECT * FROM companies LIMIT 3'\n"
    "  shoestring query --lake ./lake --file report.sql --format csv --output "
    "report.csv\n"
    "  echo 'SHOW TABLES' | SHOESTRING_LAKE=./lake shoestring query\n"
    "  shoestring query --lake ./lake            asks for statements on a terminal\n"
    "\n"
    "The result goes to standard output, all else to standard error.";

struct Options {
  std::string sql;
  std::string file;
  QueryEngineOptions engine;
  std::string format = "table";
  std::string output;
  std::string memory;
  std::string timeout;
  std::string max_scan;
  int64_t max_rows = 0;
  int threads = 0;
};

QueryLimits Limits(const Options& options) {
  QueryLimits limits;
  if (!options.memory.empty()) limits.memory_bytes = ParseBytes(options.memory);
  if (!options.timeout.empty())
    limits.time = Positive("--timeout", ParseDuration(options.timeout));
  if (!options.max_scan.empty())
    limits.scan_bytes = Positive("--max-scan", ParseBytes(options.max_scan));
  limits.threads = options.threads;
  limits.rows = options.max_rows;
  return limits;
}

std::string ReadAll(std::istream& from, const std::string& name) {
  std::string text{std::istreambuf_iterator<char>(from), {}};
  if (from.bad()) throw Fail(ErrorKind::kUnavailable, "Cannot read: {}", name);
  return text;
}

std::string ReadStatements(const Options& options) {
  if (!options.sql.empty()) return options.sql;
  if (options.file.empty() || options.file == "-")
    return ReadAll(std::cin, "standard input");
  std::ifstream file(options.file);
  if (!file) throw Fail(ErrorKind::kNotFound, "Cannot open the file: {}", options.file);
  return ReadAll(file, options.file);
}

/// What the lake's store was asked so far; nothing of an engine that reads no lake.
StoreStatistics StatisticsOf(const ObjectStore* store) {
  return store == nullptr ? StoreStatistics() : store->statistics();
}

/// Of a bucket also the requests since `before`: they are what takes time and money.
std::string Requests(const ObjectStore* store, const StoreStatistics& before) {
  if (store == nullptr || !IsRemote(*store)) return "";
  const StoreStatistics after = store->statistics();
  const int64_t gets = after.gets - before.gets;
  std::string text = fmt::format(", {} GET{}", FormatCount(gets), gets == 1 ? "" : "s");
  const int64_t retries = after.retries - before.retries;
  return retries == 0 ? text : text + fmt::format(", {} retried", FormatCount(retries));
}

std::string Summary(const QueryStatistics& used) {
  std::string text = fmt::format("{} row{}, {}", FormatCount(used.rows),
                                 used.rows == 1 ? "" : "s", FormatDuration(used.wall));
  if (used.cached_for) {
    text += fmt::format(", from the cache, {} old", FormatDuration(*used.cached_for));
  }
  if (used.queued.count() > 0) text += ", queued " + FormatDuration(used.queued);
  if (used.lake_files > 0) {
    text += fmt::format(", read {} of {} files, {} of {}", FormatCount(used.files),
                        FormatCount(used.lake_files), FormatBytes(used.bytes_read),
                        FormatBytes(used.lake_bytes));
  } else if (used.bytes_read > 0) {
    text += fmt::format(", read {}", FormatBytes(used.bytes_read));
  }
  if (used.reused) text += ", an earlier answer";
  if (used.dollars > 0) text += fmt::format(", ${:.6f}", used.dollars);
  return text;
}

/// One query into one output.
class Runner {
 public:
  Runner(Engine* engine, const ObjectStore* store, const Options& options)
      : engine_(engine),
        store_(store),
        limits_(Limits(options)),
        format_(ParseResultFormat(options.format)),
        quiet_(options.engine.quiet) {}

  ResultFormat format() const { return format_; }
  const char* binary() const {
    return format_ == ResultFormat::kParquet ? "Parquet" : "";
  }

  /// Once more when the lake moved before the first row came.
  void Run(const std::string& sql, const std::stop_token& cancel, Output* output) const {
    const StoreStatistics before = StatisticsOf(store_);
    for (bool again : {true, false}) {
      auto result = engine_->Run({sql, {}}, limits_, cancel);
      std::shared_ptr<arrow::RecordBatch> first;
      try {
        first = result->Next();
      } catch (const Error& error) {
        if (again && error.kind() == ErrorKind::kConflict) continue;
        throw;
      }
      Print(result.get(), std::move(first), output);
      if (!quiet_) {
        const std::string text = Summary(result->statistics()) + Requests(store_, before);
        std::fprintf(stderr, "%s\n", text.c_str());
      }
      return;
    }
  }

 private:
  void Print(QueryResult* result, std::shared_ptr<arrow::RecordBatch> batch,
             Output* output) const {
    const auto writer = MakeResultWriter(format_, result->schema(), output->stream(),
                                         output->terminal_width());
    for (; batch; batch = result->Next()) writer->Write(*batch);
    writer->Finish();
  }

  Engine* engine_;
  const ObjectStore* store_;  ///< nullptr for an engine that reads no lake.
  const QueryLimits limits_;
  const ResultFormat format_;
  const bool quiet_;
};

std::vector<std::string> Statements(const Options& options, ResultFormat format) {
  SplitSql split = SplitStatements(ReadStatements(options));
  if (!split.rest.empty()) split.statements.push_back(std::move(split.rest));
  if (split.statements.empty()) {
    throw Fail(ErrorKind::kInvalidArgument, "There is no statement to run");
  }
  const bool one = format == ResultFormat::kJson || format == ResultFormat::kParquet;
  if (one && split.statements.size() > 1) {
    throw Fail(ErrorKind::kInvalidArgument,
               "One statement at a time with --format {}, not: {}", options.format,
               split.statements.size());
  }
  return split.statements;
}

void RunStatements(const Runner& runner, const Options& options) {
  const auto statements = Statements(options, runner.format());
  const Interrupt interrupt;
  Output output(options.output, runner.binary());
  try {
    for (size_t i = 0; i < statements.size(); ++i) {
      if (i > 0) (void)output.stream()->Write("\n", 1);
      runner.Run(statements[i], interrupt.token(), &output);
    }
  } catch (const Error&) {
    if (output.reader_gone()) return;
    throw;
  }
  output.Commit();
}

void RunInteractively(const Runner& runner, ObjectStore* store, const Options& options) {
  RunPrompt(store, [&](const std::string& sql) {
    const Interrupt interrupt;
    Output output(options.output, runner.binary());
    runner.Run(sql, interrupt.token(), &output);
    output.Commit();
  });
}

void Run(const Options& options) {
  const QueryEngine opened(options.engine);
  const Runner runner(opened.engine(), opened.store(), options);
  const bool asks =
      options.sql.empty() && options.file.empty() && isatty(STDIN_FILENO) != 0;
  if (asks) {
    RunInteractively(runner, opened.store(), options);
  } else {
    RunStatements(runner, options);
  }
}

}  // namespace

void AddQueryCommand(CLI::App& app) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("query", "Run SQL on a lake");
  auto* sql = command->add_option("sql", options->sql,
                                  "The statement; without it and --file, from standard "
                                  "input, or a prompt on a terminal");
  command->add_option("--file", options->file, "Read the statements from a file")
      ->type_name("FILE")
      ->excludes(sql);
  AddLakeOption(*command, &options->engine.lake, &options->engine.s3);
  command->add_option("--format", options->format, "table, csv, json or parquet")
      ->type_name("F")
      ->capture_default_str();
  command->add_option("--output", options->output, "Write the result to a file")
      ->type_name("FILE");
  command
      ->add_option(
          "--memory", options->memory,
          "Memory that the query may use, such as 512MB; what does not fit goes to "
          "a temporary folder. Default: 80 % of the machine's")
      ->type_name("SIZE");
  command->add_option("--threads", options->threads, "Threads. Default: one a core")
      ->type_name("N")
      ->check(CLI::Range(1, 1024));
  command->add_option("--timeout", options->timeout, "Stop after this time, such as 30s")
      ->type_name("TIME");
  command
      ->add_option(
          "--max-scan", options->max_scan,
          "Refuse a query that would read more than this, such as 1GB, and stop one "
          "that does")
      ->type_name("SIZE");
  command
      ->add_option("--max-rows", options->max_rows,
                   "Stop a query whose answer has more rows")
      ->type_name("N")
      ->check(CLI::PositiveNumber);
  AddQueryEngineOptions(*command, &options->engine);
  command->footer(kExamples);
  command->callback([options] { Run(*options); });
}

}  // namespace shoestring
