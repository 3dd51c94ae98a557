#include <arrow/type.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <utility>

#include "base/error.h"
#include "base/terminal_text.h"
#include "base/units.h"
#include "cli/commands.h"
#include "cli/interrupt.h"
#include "cli/lake_option.h"
#include "cli/progress_line.h"
#include "cli/source_option.h"
#include "job/migrate.h"

namespace shoestring {

namespace {

namespace json = boost::json;

struct Flags {
  MigrateOptions options;
  std::string s3_bucket;
  std::string compression = "snappy";
  std::string memory = "256MB";
  bool dry_run = false;
  bool timings = false;
  bool json = false;
};

constexpr const char* kExamples =
    "\nExamples:\n"
    "  export DATABASE_URL=postgresql://user:password@host:5432/db\n"
    "  shoestring migrate --lake ./lake --dry-run\n"
    "  shoestring migrate --lake ./lake\n"
    "  shoestring migrate --lake ./lake --table fund_holdings \\\n"
    "    --partition-by filing_date:month --sort-by fund_id --compression zstd\n";

std::string Join(const std::vector<std::string>& parts) {
  return fmt::format("{}", fmt::join(parts, ", "));
}

std::vector<std::string> SortNames(const TablePlan& plan) {
  std::vector<std::string> names;
  for (const size_t i : plan.sort) names.push_back(plan.mappings[i].column);
  return names;
}

std::string Describe(const Partitioning& partitioning) {
  if (partitioning.granularity == Granularity::kNone) return "none";
  return fmt::format("{}:{}", partitioning.column, ToString(partitioning.granularity));
}

// What a sample says of the whole table.
struct Estimate {
  int64_t rows = 0;
  int64_t copy_bytes = 0;
  int64_t snappy = 0;
  int64_t zstd = 0;
  int64_t partitions = 1;
};

Estimate Extrapolate(const TablePlan& plan, const SampleReport& sample,
                     const MigrateOptions& options) {
  Estimate estimate;
  estimate.rows = plan.source.EstimatedRows();
  if (!plan.source.Analyzed() && sample.rows > 0 && sample.copy_bytes > 0) {
    const int64_t row_bytes = std::max<int64_t>(1, sample.copy_bytes / sample.rows);
    estimate.rows = std::max(sample.rows, plan.source.bytes() / row_bytes);
  }
  if (options.limit) estimate.rows = std::min(estimate.rows, *options.limit);
  switch (plan.partitioning.granularity) {
    case Granularity::kNone: break;
    case Granularity::kYear: estimate.partitions = sample.years; break;
    case Granularity::kMonth: estimate.partitions = sample.months; break;
    case Granularity::kDay: estimate.partitions = sample.months * 30; break;
  }
  if (sample.rows == 0) return estimate;
  const double factor =
      static_cast<double>(estimate.rows) / static_cast<double>(sample.rows);
  const auto scale = [&](int64_t bytes) {
    return static_cast<int64_t>(static_cast<double>(bytes) * factor);
  };
  estimate.copy_bytes = scale(sample.copy_bytes);
  estimate.snappy = scale(sample.snappy_bytes);
  estimate.zstd = scale(sample.zstd_bytes);
  return estimate;
}

// Advice that the figures give; empty when there is none.
std::string Advice(const TablePlan& plan, const SampleReport& sample,
                   const Estimate& estimate) {
  constexpr int64_t kSmallFile = 1 << 20;
  std::string advice;
  if (plan.partitioning.granularity == Granularity::kMonth &&
      estimate.partitions > sample.years &&
      estimate.snappy / estimate.partitions < kSmallFile) {
    advice += fmt::format(
        "months are small ({} a file): --partition-by {}:year would make {} files of {}, "
        "which are quicker to read",
        FormatBytes(estimate.snappy / estimate.partitions), plan.partitioning.column,
        sample.years, FormatBytes(estimate.snappy / std::max<int64_t>(1, sample.years)));
  }
  return advice;
}

int64_t ChosenBytes(const Estimate& estimate, const MigrateOptions& options) {
  return options.compression.codec == Compression::Codec::kZstd ? estimate.zstd
                                                                : estimate.snappy;
}

std::string ColumnsText(const TablePlan& plan) {
  std::string text;
  for (size_t i = 0; i < plan.columns.size(); ++i) {
    const LakeColumn& column = plan.columns[i];
    const std::string& note = plan.mappings[i].note;
    text += fmt::format("    {:<28} {:<28} -> {}{}{}\n", Printable(column.name),
                        Printable(column.source_type), ToString(column.type),
                        note.empty() ? "" : "  ", note);
  }
  return text;
}

std::string SizeText(const TablePlan& plan, const Estimate& estimate) {
  return fmt::format("about {}, {} in Postgres, read in {} {}",
                     FormatCount(estimate.rows), FormatBytes(plan.source.bytes()),
                     plan.ranges.size(), plan.ranges.size() == 1 ? "stream" : "ranges");
}

std::string MemoryText(const SampleReport& sample, const MigrateOptions& options) {
  constexpr int64_t kWideRow = 1 << 20;
  if (sample.widest_row < kWideRow) return "";
  return fmt::format("{} and five times the widest row ({} in the sample): {}",
                     FormatBytes(options.memory), FormatBytes(sample.widest_row),
                     FormatBytes(options.memory + 5 * sample.widest_row));
}

std::string TablePlanText(const TablePlan& plan, const SampleReport& sample,
                          const MigrateOptions& options) {
  const Estimate estimate = Extrapolate(plan, sample, options);
  std::string text = Printable(plan.name) + "\n";
  const auto add = [&](const char* what, const std::string& told) {
    if (!told.empty()) text += fmt::format("  {:<10}  {}\n", what, Printable(told));
  };
  add("rows", SizeText(plan, estimate));
  add("partitions", fmt::format("{} ({}), about {}", Describe(plan.partitioning),
                                plan.partition_reason, FormatCount(estimate.partitions)));
  add("sort", fmt::format("{} ({})", plan.sort.empty() ? "none" : Join(SortNames(plan)),
                          plan.sort_reason));
  add("size", fmt::format("about {} with Snappy, {} with ZSTD (--compression zstd)",
                          FormatBytes(estimate.snappy), FormatBytes(estimate.zstd)));
  add("memory", MemoryText(sample, options));
  add("advice", Advice(plan, sample, estimate));
  text += ColumnsText(plan);
  for (const auto& problem : sample.problems) add("problem", problem);
  return text;
}

json::object TablePlanJson(const TablePlan& plan, const SampleReport& sample,
                           const MigrateOptions& options) {
  const Estimate estimate = Extrapolate(plan, sample, options);
  json::array columns;
  for (size_t i = 0; i < plan.columns.size(); ++i) {
    columns.push_back({{"column", plan.columns[i].name},
                       {"source_type", plan.columns[i].source_type},
                       {"type", ToString(plan.columns[i].type)},
                       {"note", plan.mappings[i].note}});
  }
  const auto sort = SortNames(plan);
  return {{"table", plan.name},
          {"rows", estimate.rows},
          {"source_bytes", plan.source.bytes()},
          {"copy_bytes", estimate.copy_bytes},
          {"widest_row_bytes", sample.widest_row},
          {"ranges", plan.ranges.size()},
          {"partition_by", Describe(plan.partitioning)},
          {"partition_reason", plan.partition_reason},
          {"partitions", estimate.partitions},
          {"sort", json::array(sort.begin(), sort.end())},
          {"sort_reason", plan.sort_reason},
          {"snappy_bytes", estimate.snappy},
          {"zstd_bytes", estimate.zstd},
          {"advice", Advice(plan, sample, estimate)},
          {"columns", std::move(columns)},
          {"problems", json::array(sample.problems.begin(), sample.problems.end())}};
}

bool HasProblems(const DryRun& dry) {
  return std::any_of(dry.samples.begin(), dry.samples.end(),
                     [](const SampleReport& sample) { return !sample.problems.empty(); });
}

/// What is to be declared before `serve` shows tables that had row-level security.
void PrintDrafts(const std::vector<TableDraft>& drafts) {
  if (drafts.empty()) return;
  std::fputs(
      "Row-level security does not hold in the lake: serve keeps these tables closed "
      "until "
      "shoestring.toml\ndeclares their rows. A draft from their policies, to be "
      "checked:\n",
      stderr);
  for (const std::string& line : FormatDrafts(drafts)) {
    std::fprintf(stderr, "  %s\n", Printable(line).c_str());
  }
}

void PrintDryRun(const DryRun& dry, const Flags& flags) {
  if (flags.json) {
    json::array tables;
    for (size_t i = 0; i < dry.plans.size(); ++i) {
      tables.push_back(TablePlanJson(dry.plans[i], dry.samples[i], flags.options));
    }
    std::printf("%s\n", json::serialize(json::object{{"source", dry.source},
                                                     {"tables", std::move(tables)}})
                            .c_str());
    return;
  }
  int64_t copy_bytes = 0;
  int64_t lake_bytes = 0;
  int64_t files = 0;
  for (size_t i = 0; i < dry.plans.size(); ++i) {
    const std::string text = TablePlanText(dry.plans[i], dry.samples[i], flags.options);
    std::fputs(text.c_str(), stdout);
    const Estimate estimate = Extrapolate(dry.plans[i], dry.samples[i], flags.options);
    copy_bytes += estimate.copy_bytes;
    lake_bytes += ChosenBytes(estimate, flags.options);
    files += estimate.partitions;
  }
  const double seconds =
      static_cast<double>(copy_bytes) / std::max(1.0, dry.copy_bytes_per_second);
  std::printf(
      "In all: %zu tables, about %s files, %s; about %s. Nothing was written; without "
      "--dry-run it will be.\n",
      dry.plans.size(), FormatCount(files).c_str(), FormatBytes(lake_bytes).c_str(),
      FormatDuration(std::chrono::milliseconds(static_cast<int64_t>(seconds * 1000)))
          .c_str());
  std::vector<TableDraft> drafts;
  for (const auto& plan : dry.plans) {
    if (!plan.source.row_security) continue;
    drafts.push_back({plan.name, DraftRows(plan.source.policies)});
  }
  PrintDrafts(drafts);
}

// Once, and as soon as it is known.
void TellResumed(const MigrateProgress& progress, ProgressLine* line, bool* told) {
  if (std::exchange(*told, true)) return;
  if (!progress.resumed.empty()) line->Clear();
  for (const auto& table : progress.resumed) {
    std::fprintf(stderr, "%s.\n", Describe(table).c_str());
  }
}

void ShowProgress(const MigrateProgress& progress, ProgressLine* line) {
  if (!line->Due()) return;
  if (progress.phase == "proving") {
    line->Show(fmt::format("proving: {} of {} read back",
                           FormatBytes(progress.bytes_proven),
                           FormatBytes(progress.bytes_to_prove)));
    return;
  }
  // Reading and writing are each half of the way.
  const double expected =
      std::max<double>(1, static_cast<double>(progress.rows_expected));
  const double done =
      static_cast<double>(progress.rows_read + progress.rows_written) / (2 * expected);
  line->Show(fmt::format(
      "{}: {} of about {} rows read, {} written, {:.0f}% | {}/s | {}", progress.phase,
      FormatCount(progress.rows_read), FormatCount(progress.rows_expected),
      FormatCount(progress.rows_written), std::min(100.0, 100 * done),
      FormatBytes(static_cast<int64_t>(static_cast<double>(progress.bytes_read) /
                                       std::max(0.001, line->elapsed_seconds()))),
      line->TimeLeft(done)));
}

std::vector<std::string> ReportLine(const TableReport& table) {
  const std::string share =
      table.source_bytes > 0
          ? fmt::format("{:.0f}%", 100.0 * static_cast<double>(table.bytes) /
                                       static_cast<double>(table.source_bytes))
          : "";
  const auto or_none = [](const std::string& text) {
    return text.empty() ? "none" : Printable(text);
  };
  return {Printable(table.name),
          FormatCount(table.rows),
          FormatCount(table.files),
          FormatBytes(table.bytes),
          share,
          or_none(table.partitioned_by) + "; " + or_none(table.sorted_by)};
}

std::string ReportText(const MigrateReport& report) {
  std::vector<std::vector<std::string>> lines = {
      {"table", "rows", "files", "size", "of source", "partitioned by; sorted by"}};
  for (const auto& table : report.tables) lines.push_back(ReportLine(table));
  std::string text = AlignColumns(lines, /*left_at_end=*/1);
  for (const auto& table : report.tables) {
    for (const auto& [column, policy, values] : table.replaced) {
      text += fmt::format(
          "{}.{}: {} {} could not be kept and became {}\n", Printable(table.name),
          Printable(column), FormatCount(values), values == 1 ? "value" : "values",
          policy == AnomalyPolicy::kNull ? "null" : "the nearest that can");
    }
  }
  return text;
}

void PrintReport(const MigrateReport& report) {
  for (const auto& run : report.cleared_runs) {
    std::fprintf(stderr, "Cleared up after run %s, which had not ended.\n", run.c_str());
  }
  if (!report.fewer_connections.empty()) {
    std::fprintf(stderr, "Read with fewer connections than jobs: %s\n",
                 report.fewer_connections.c_str());
  }
  for (const auto& outcome : report.declared) {
    std::fprintf(stderr, "Glue: %s\n", Printable(Describe(outcome)).c_str());
  }
  std::fputs(ReportText(report).c_str(), stdout);
  int64_t rows = 0;
  int64_t bytes = 0;
  for (const auto& table : report.tables) {
    rows += table.rows;
    bytes += table.bytes;
  }
  std::fprintf(
      stderr,
      "%s rows of %zu tables in %s, verified %s rows in %s of it, as of %s; %s in "
      "the lake, %s of memory, %s spilled. Run %s.\n",
      FormatCount(rows).c_str(), report.tables.size(),
      FormatDuration(std::chrono::milliseconds(report.wall_ms)).c_str(),
      FormatCount(report.rows_verified).c_str(),
      FormatDuration(std::chrono::milliseconds(report.verify_ms)).c_str(),
      report.source_lsn.c_str(), FormatBytes(bytes).c_str(),
      FormatBytes(report.peak_memory_bytes).c_str(),
      FormatBytes(report.spill_bytes).c_str(), report.run.c_str());
  std::vector<TableDraft> drafts;
  for (const auto& table : report.tables) {
    if (table.rows_draft) drafts.push_back({table.name, *table.rows_draft});
  }
  PrintDrafts(drafts);
}

// Of all workers together: of two that copy for 10 s, 20 s.
void PrintTimings(const MigrateReport& report) {
  const auto show = [&](Stage stage) {
    return FormatDuration(std::chrono::milliseconds(report.times.Milliseconds(stage)));
  };
  std::fprintf(stderr,
               "Time of all workers: waiting for the source %s, decoding %s, sorting %s, "
               "encoding %s, storing %s.\n",
               show(Stage::kSourceWait).c_str(), show(Stage::kDecode).c_str(),
               show(Stage::kSort).c_str(), show(Stage::kEncode).c_str(),
               show(Stage::kStore).c_str());
  const std::string advice = SourceAdvice(report);
  if (!advice.empty()) std::fprintf(stderr, "Advice: %s.\n", advice.c_str());
}

/// The lake that --s3-bucket names, which goes before the environment.
std::string BucketLake(const Flags& flags) {
  const char* environment = std::getenv("SHOESTRING_LAKE");
  const std::string& lake = flags.options.lake;
  if (!lake.empty() && (environment == nullptr || lake != environment)) {
    throw Fail(ErrorKind::kInvalidArgument,
               "--lake and --s3-bucket both name the lake; give one: {}, {}", lake,
               flags.s3_bucket);
  }
  return "s3://" + flags.s3_bucket;
}

void RunMigrate(Flags flags) {
  if (!flags.s3_bucket.empty()) flags.options.lake = BucketLake(flags);
  if (flags.options.lake.empty()) {
    throw Fail(ErrorKind::kInvalidArgument,
               "Name the lake: --lake DIR or s3://BUCKET, or SHOESTRING_LAKE in the "
               "environment");
  }
  flags.options.compression = ParseCompression(flags.compression);
  flags.options.memory = ParseBytes(flags.memory);
  const Interrupt interrupt;
  if (flags.dry_run) {
    const DryRun dry = PlanOnly(flags.options, interrupt.token());
    PrintDryRun(dry, flags);
    if (HasProblems(dry)) {
      throw Fail(ErrorKind::kData, "The sample holds values that cannot be kept exactly");
    }
    return;
  }
  ProgressLine line(flags.json && isatty(STDERR_FILENO) == 0);
  bool told = false;
  const MigrateReport report =
      Migrate(flags.options, interrupt.token(), [&](const MigrateProgress& progress) {
        TellResumed(progress, &line, &told);
        ShowProgress(progress, &line);
      });
  line.Clear();
  if (flags.json) {
    std::printf("%s\n", FormatReportJson(report).c_str());
  } else {
    PrintReport(report);
  }
  if (flags.timings) PrintTimings(report);
}

}  // namespace

void AddMigrateCommand(CLI::App& app) {
  auto flags = std::make_shared<Flags>();
  MigrateOptions& options = flags->options;
  CLI::App* command =
      app.add_subcommand("migrate", "Copy tables of a Postgres database into a lake");
  command->footer(kExamples);
  AddSourceOption(*command, &options.source);
  AddLakeOption(*command, &options.lake, &options.s3);
  command->add_option("--s3-bucket", flags->s3_bucket, "The same as --lake s3://BUCKET")
      ->type_name("BUCKET");
  AddS3WriteOptions(*command, &options.s3);
  command
      ->add_option("--schema", options.schemas,
                   "Schema of the tables; may be given again [public]")
      ->allow_extra_args(false);
  CLI::Option* table =
      command
          ->add_option("--table", options.tables,
                       "A table or view, T or SCHEMA.T; may be given again. Without it: "
                       "all tables")
          ->allow_extra_args(false);
  command
      ->add_flag("--views", options.views,
                 "All views and materialized views, too, for applications that read them")
      ->excludes(table);
  command
      ->add_option("--exclude", options.exclude,
                   "A table or view to leave out; may be given again")
      ->allow_extra_args(false);
  command->add_option("--where", options.where,
                      "Only rows for which this SQL holds; with one --table");
  command->add_option("--partition-by", options.partition_by,
                      "COLUMN[:year|month|day] or none. Without it: the first date that "
                      "is never null, by month, when the table is large enough");
  command
      ->add_option(
          "--sort-by", options.sort_by,
          "Columns to sort each file by. Without it: those of the most used index")
      ->delimiter(',');
  command
      ->add_option("--anomaly", options.anomalies,
                   "What to do with values that the lake cannot hold, such as NaN in a "
                   "numeric or an infinite date: error, null, clamp or text; "
                   "[TABLE.]COLUMN=POLICY for one column; may be given again [error]")
      ->type_name("POLICY")
      ->allow_extra_args(false);
  command
      ->add_option("--compression", flags->compression,
                   "snappy, zstd, zstd:LEVEL or none")
      ->capture_default_str();
  command
      ->add_option("--batch-size", options.batch_rows,
                   "Rows per batch between decoder and writer")
      ->capture_default_str();
  command->add_option("--limit", options.limit, "Copy only so many rows of each table");
  command->add_option("--jobs", options.jobs,
                      "Connections and threads. Without it: one a core, at most 8");
  command->add_option("--memory", flags->memory, "Memory for everything")
      ->capture_default_str();
  CLI::Option* fresh =
      command->add_flag("--fresh", options.fresh,
                        "Copy everything, whatever a run that did not end has finished");
  command
      ->add_flag("--keep", options.keep,
                 "Go on from what a run that did not end has finished, even of tables "
                 "that have changed since")
      ->excludes(fresh);
  command->add_flag("--dry-run", flags->dry_run,
                    "Print the plan, read a sample, write nothing");
  command->add_flag("--timings", flags->timings,
                    "Say where the time went: source, decode, sort, encode, store");
  command->add_flag("--json", flags->json, "The report, or the plan, as JSON");
  command->callback([flags] { RunMigrate(*flags); });
}

}  // namespace shoestring
