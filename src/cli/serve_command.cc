#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <optional>

#include "api/lake_server.h"
#include "base/error.h"
#include "base/terminal_text.h"
#include "base/units.h"
#include "cli/commands.h"
#include "cli/lake_option.h"
#include "engine/engine_registry.h"

namespace shoestring {

namespace {

constexpr const char* kExamples =
    "Examples:\n"
    "  shoestring serve --lake ./lake --anonymous        to try it: all may read\n"
    "  export SHOESTRING_SERVE_ANON_KEY=sb_publishable_…  keys, as an application has "
    "them\n"
    "  export SHOESTRING_SERVE_JWT_SECRET_FILE=/run/secrets/jwt\n"
    "  shoestring serve --lake s3://bucket --listen 127.0.0.1:8080\n"
    "\n"
    "Keys and secrets come from the environment or files, never from flags. Roles stand "
    "in\nshoestring.toml. The access log goes to standard output, all else to standard "
    "error.";

/// What is given goes before what is set.
struct Flags {
  LakeServiceOptions service;
  std::string listen = "127.0.0.1:8080";
  ServerLimits limits;
  std::string engine;
  std::optional<int64_t> max_rows;
  std::string max_bytes;
  std::string memory;
  std::string timeout = "30s";
  std::string refresh = "5s";
  std::string hot_memory = "1GB";
};

LakeServiceOptions ServiceOptions(const Flags& flags, const Settings& settings) {
  LakeServiceOptions options = ReadLakeServiceOptions(settings);
  const LakeServiceOptions& given = flags.service;
  options.s3 = given.s3;
  options.anonymous = given.anonymous;
  options.refresh = ParseDuration(flags.refresh);
  if (!given.lake.empty()) options.lake = given.lake;
  RestOptions& rest = options.rest;
  if (!flags.engine.empty()) rest.engine = flags.engine;
  if (!given.rest.schemas.empty()) rest.schemas = given.rest.schemas;
  if (!given.rest.queries.empty()) rest.queries = given.rest.queries;
  if (flags.max_rows) rest.max_rows = *flags.max_rows;
  if (!flags.max_bytes.empty()) rest.max_bytes = ParseBytes(flags.max_bytes);
  if (!flags.memory.empty()) rest.limits.memory_bytes = ParseBytes(flags.memory);
  options.hot = given.hot;
  options.hot_bytes = given.hot.empty() ? 0 : ParseBytes(flags.hot_memory);
  return options;
}

void Run(const Flags& flags) {
  const auto file = ReadSettingsFile();
  const Settings settings = Settings::Load();
  ServeOptions options{ServiceOptions(flags, settings), flags.listen, flags.limits};
  options.limits.query_time = Positive("--timeout", ParseDuration(flags.timeout));
  LakeServer server(options, settings, file);
  for (const std::string& remark : server.Remarks()) {
    std::fprintf(stderr, "shoestring: %s\n", Printable(remark).c_str());
  }
  std::fprintf(stderr, "Serving %s on http://%s\n",
               Printable(options.service.lake).c_str(), server.address().c_str());
  server.Run();
}

}  // namespace

void AddServeCommand(CLI::App& app) {
  auto flags = std::make_shared<Flags>();
  LakeServiceOptions& service = flags->service;
  CLI::App* command =
      app.add_subcommand("serve", "Answer the REST API that supabase-js speaks");
  AddLakeOption(*command, &service.lake, &service.s3);
  command->add_option("--listen", flags->listen, "Where: IP:PORT")
      ->type_name("ADDRESS")
      ->capture_default_str();
  command->add_flag("--anonymous", service.anonymous,
                    "Who shows no key has the role anon, instead of being refused");
  command
      ->add_option("--engine", flags->engine,
                   "What runs the queries: " + EngineNames() +
                       ". Default: engine in shoestring.toml, else duckdb")
      ->type_name("E")
      ->envname("SHOESTRING_ENGINE");
  command
      ->add_option(
          "--schema", service.rest.schemas,
          "A schema to serve, the default one first; may be given again. Without "
          "it: all")
      ->allow_extra_args(false);
  command->add_option("--queries", service.rest.queries,
                      "A folder of SQL files that become /rpc/NAME");
  command->add_option("--max-rows", flags->max_rows, "Rows of an answer. Default: 1000")
      ->check(CLI::NonNegativeNumber);
  command->add_option("--max-bytes", flags->max_bytes,
                      "Bytes of an answer's rows. Default: 64MB");
  command->add_option("--timeout", flags->timeout, "Time for a request")
      ->capture_default_str();
  command->add_option("--memory", flags->memory, "Memory for a query");
  command
      ->add_option("--hot", service.hot,
                   "A table to keep in memory, sorted; may be given again")
      ->type_name("TABLE")
      ->allow_extra_args(false);
  command
      ->add_option("--hot-memory", flags->hot_memory,
                   "Memory for all hot tables, beside that of queries")
      ->type_name("SIZE")
      ->capture_default_str();
  command
      ->add_option("--workers", flags->limits.workers,
                   "Requests worked on at once. Default: one a core")
      ->check(CLI::Range(1, 1024));
  command
      ->add_option("--max-connections", flags->limits.connections,
                   "Connections open at once")
      ->check(CLI::Range(1, 100'000))
      ->capture_default_str();
  command->add_option("--refresh", flags->refresh, "Time between looks for a new version")
      ->capture_default_str();
  command->footer(kExamples);
  command->callback([flags] { Run(*flags); });
}

}  // namespace shoestring
