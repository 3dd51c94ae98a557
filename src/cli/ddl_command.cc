#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>

#include "base/error.h"
#include "base/settings.h"
#include "base/terminal_text.h"
#include "cli/commands.h"
#include "cli/interrupt.h"
#include "cli/lake_option.h"
#include "cli/output.h"
#include "engine/athena_engine.h"
#include "job/declare.h"
#include "lake/ddl.h"

namespace shoestring {

namespace {

constexpr const char* kExamples =
    "Examples:\n"
    "  shoestring ddl --lake s3://bucket/lake --database example          what Glue "
    "needs\n"
    "  shoestring ddl --lake s3://bucket/lake --database example --apply  does it\n"
    "  shoestring ddl --lake s3://bucket/lake --database example --diff   what it would "
    "do\n"
    "  shoestring ddl --lake ./lake --database example --style projection \\\n"
    "    --root s3://bucket/lake --output create_tables.sql\n"
    "  shoestring ddl --lake ./lake --for duckdb | duckdb\n"
    "\n"
    "Once applied, a table follows: every later commit moves it to the new version.";

struct Options {
  std::string lake;
  S3Options s3;
  DeclareOptions declare;
  std::string dialect = "athena";
  std::string style = "iceberg";
  std::string via = "glue";
  std::string output;
  bool apply = false;
  bool diff = false;
  bool forget = false;
};

void Resolve(Options* options, const Settings& settings) {
  DeclareOptions& declare = options->declare;
  declare.style = *ParseDeclarationStyle(options->style);
  if (options->dialect == "duckdb") return;
  if (declare.database.empty()) declare.database = settings.Get("athena", "database", "");
  if (declare.region.empty()) declare.region = settings.Get("athena", "region", "");
  if (declare.database.empty()) {
    throw Fail(ErrorKind::kInvalidArgument,
               "--database is required, or [athena] database in shoestring.toml");
  }
}

void Print(const std::string& text, const std::string& path) {
  Output output(path);
  const auto written =
      output.stream()->Write(text.data(), static_cast<int64_t>(text.size()));
  if (!written.ok()) throw Fail(ErrorKind::kUnavailable, "{}", written.ToString());
  output.Commit();
}

/// On standard error: what the tables will not show.
void PrintNotes(const std::vector<TableDeclaration>& tables) {
  for (const TableDeclaration& table : tables) {
    const std::string note = DeclarationNote(table);
    if (!note.empty()) std::fprintf(stderr, "Note: %s.\n", Printable(note).c_str());
  }
}

void PrintOutcomes(const std::vector<DeclarationOutcome>& outcomes) {
  for (const DeclarationOutcome& outcome : outcomes) {
    std::printf("%s\n", Printable(Describe(outcome)).c_str());
  }
}

void ShowDifferences(ObjectStore* store, const DeclareOptions& options) {
  const auto outcomes = CompareWithGlue(store, options);
  PrintOutcomes(outcomes);
  std::fflush(stdout);
  const auto differ = std::ranges::count_if(outcomes, [](const auto& outcome) {
    return outcome.kind != DeclarationOutcome::Kind::kUnchanged;
  });
  if (differ == 0) return;
  throw Fail(ErrorKind::kConflict,
             "Glue is not as the lake wants it, --apply would change so many tables: {}",
             differ);
}

/// The statements that make a table what it should be. Its data is not Athena's, so that
/// it can be dropped and created anew.
std::vector<std::string> StatementsFor(const TableDeclaration& table,
                                       const DeclarationOutcome& outcome) {
  using Kind = DeclarationOutcome::Kind;
  if (outcome.kind == Kind::kUnchanged) return {};
  auto statements = DdlStatements(table, DdlDialect::kAthena);
  if (outcome.kind == Kind::kUpdated) {
    statements.insert(statements.begin(), fmt::format("DROP TABLE IF EXISTS `{}`.`{}`",
                                                      table.database, table.name));
  }
  return statements;
}

void ApplyByAthena(ObjectStore* store, const Options& options, const Settings& settings) {
  const auto outcomes = CompareWithGlue(store, options.declare);
  const auto tables = PlanDeclarations(store, options.declare);
  std::vector<std::string> statements = {
      CreateDatabaseStatement(options.declare.database, DdlDialect::kAthena)};
  for (size_t i = 0; i < tables.size(); ++i) {
    if (outcomes[i].foreign && !options.declare.replace) throw NotOurs(outcomes[i]);
    std::ranges::move(StatementsFor(tables[i], outcomes[i]),
                      std::back_inserter(statements));
  }
  AthenaOptions athena = ReadAthenaOptions(settings);
  athena.database.clear();  // It may not be there yet.
  athena.region = options.declare.region;
  const Interrupt interrupt;
  RunAthenaStatements(athena, statements, interrupt.token());
  RecordDeclared(store, options.declare);
  PrintOutcomes(outcomes);
}

void Apply(ObjectStore* store, const Options& options, const Settings& settings) {
  if (options.dialect == "duckdb") {
    throw Fail(
        ErrorKind::kInvalidArgument,
        "DuckDB has no catalog to apply to: print the statements, and give them to "
        "it");
  }
  if (options.via == "glue") {
    PrintOutcomes(DeclareInGlue(store, options.declare));
    return;
  }
  if (options.declare.style == DeclarationStyle::kIceberg) {
    throw Fail(ErrorKind::kInvalidArgument,
               "Athena has no statement that adopts an Iceberg table: leave out --via");
  }
  ApplyByAthena(store, options, settings);
}

void Run(Options options) {
  const Settings settings = Settings::Load();
  Resolve(&options, settings);
  const auto store = OpenObjectStore(options.lake, /*create=*/false, options.s3);
  if (options.forget) return StopFollowing(store.get(), options.declare);
  if (options.diff) return ShowDifferences(store.get(), options.declare);
  const auto tables = PlanDeclarations(store.get(), options.declare);
  if (options.apply) {
    Apply(store.get(), options, settings);
  } else {
    Print(FormatDdl(tables, *ParseDdlDialect(options.dialect)), options.output);
  }
  PrintNotes(tables);
}

}  // namespace

void AddDdlCommand(CLI::App& app) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand(
      "ddl", "Declare the tables of a lake to Athena, Trino or DuckDB");
  AddLakeOption(*command, &options->lake, &options->s3)->required();
  command
      ->add_option("--table", options->declare.tables,
                   "A table of the lake; may be given again. Without it: all")
      ->allow_extra_args(false);
  command
      ->add_option("--database", options->declare.database,
                   "Of Glue. Without it: [athena] database in shoestring.toml")
      ->type_name("D");
  command->add_option("--for", options->dialect, "athena, trino or duckdb")
      ->type_name("E")
      ->check(CLI::IsMember({"athena", "trino", "duckdb"}))
      ->capture_default_str();
  command
      ->add_option("--style", options->style,
                   "iceberg; or Hive tables: projection (partitions are computed), "
                   "partitions (they are registered)")
      ->type_name("S")
      ->check(CLI::IsMember({"iceberg", "projection", "partitions"}))
      ->capture_default_str();
  command
      ->add_option("--root", options->declare.root,
                   "Where readers find the lake, if not where it is opened here")
      ->type_name("URI");
  command
      ->add_option("--region", options->declare.region,
                   "Of Glue. Without it: [athena] region, AWS_REGION, the profile's")
      ->type_name("R");
  command->add_option("--output", options->output, "Write the statements to a file")
      ->type_name("FILE");
  auto* apply = command->add_flag("--apply", options->apply,
                                  "Do it, and let the tables follow later commits");
  command
      ->add_flag("--diff", options->diff,
                 "Only show what --apply would change; exit code 4 if it is anything")
      ->excludes(apply);
  command
      ->add_flag("--forget", options->forget,
                 "Let the tables follow no longer; Glue is left as it is")
      ->excludes(apply);
  command->add_option("--via", options->via, "How to apply: glue, or athena's statements")
      ->type_name("V")
      ->check(CLI::IsMember({"glue", "athena"}))
      ->capture_default_str()
      ->needs(apply);
  command
      ->add_flag("--replace", options->declare.replace,
                 "Also tables of the same name that are not this lake's")
      ->needs(apply);
  command->footer(kExamples);
  command->callback([options] { Run(*options); });
}

}  // namespace shoestring
