#include <CLI/CLI.hpp>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <memory>

#include "api/access_log.h"
#include "api/lake_service.h"
#include "api/lambda_function.h"
#include "api/lambda_runtime.h"
#include "base/error.h"
#include "base/terminal_text.h"
#include "cli/commands.h"

namespace shoestring {

namespace {

constexpr const char* kRuntime = "AWS_LAMBDA_RUNTIME_API";
constexpr const char* kMemory = "AWS_LAMBDA_FUNCTION_MEMORY_SIZE";

constexpr const char* kExamples =
    "Examples:\n"
    "  scripts/package lambda                            makes the function's zip\n"
    "  export AWS_LAMBDA_RUNTIME_API=127.0.0.1:9001      Lambda does this, and what\n"
    "  export SHOESTRING_LAKE=s3://bucket                infra/terraform sets\n"
    "  export SHOESTRING_SERVE_ANON_KEY=sb_publishable_…\n"
    "  shoestring lambda\n"
    "\n"
    "Lambda's `bootstrap` runs this without being told to. What serve takes by flags "
    "comes\nfrom the environment, or from shoestring.toml in the zip: docs/lambda.md. "
    "The "
    "access log\ngoes to standard output, all else to standard error.";

/// Half of the function's memory is for queries; the rest is the program, what it knows
/// of the lake, and the answer.
int64_t QueryMemory() {
  const char* megabytes = std::getenv(kMemory);
  if (megabytes == nullptr) return 0;
  constexpr int64_t kMegabyte = 1 << 20;
  return std::strtoll(megabytes, nullptr, /*base=*/10) * kMegabyte / 2;
}

LakeServiceOptions ServiceOptions(const Settings& settings) {
  LakeServiceOptions options = ReadLakeServiceOptions(settings);
  options.refresh = {};  // A thread would be held still between events.
  int64_t& memory = options.rest.limits.memory_bytes;
  if (memory == 0 && options.rest.engine == "duckdb") memory = QueryMemory();
  return options;
}

std::string RuntimeAddress() {
  const char* address = std::getenv(kRuntime);
  if (StartedByLambda()) return address;
  throw Fail(ErrorKind::kInvalidArgument,
             "{} is not set, as it is by Lambda. To serve anywhere else: "
             "shoestring serve",
             kRuntime);
}

/// What stands around an event: the service, and how Lambda wants it.
struct Started {
  std::unique_ptr<LakeService> service;
  LambdaOptions options;
};

Started Start() {
  const auto file = ReadSettingsFile();
  const Settings settings = Settings::Load();
  return {std::make_unique<LakeService>(ServiceOptions(settings), settings, file),
          ReadLambdaOptions(settings)};
}

Started StartOrTell(LambdaRuntime* runtime) {
  try {
    return Start();
  } catch (const Error& error) {
    try {
      runtime->TellInitError(error);
    } catch (const Error&) {
      // The first one is what there is to say.
    }
    throw;
  }
}

ServedResponse Answer(const LakeService& service, const ApiRequest& request,
                      std::stop_token cancel, std::chrono::milliseconds time) {
  if (auto answer = service.AnswerAtOnce(request)) return *std::move(answer);
  return service.Handle(request, std::move(cancel), time);
}

void Log(const RequestRecord& record) {
  std::printf("%s\n", AccessLine(record).c_str());
  std::fflush(stdout);
}

void Run() {
  LambdaRuntime runtime(RuntimeAddress());
  const Started started = StartOrTell(&runtime);
  LakeService& service = *started.service;
  for (const std::string& remark : service.Remarks()) {
    std::fprintf(stderr, "shoestring: %s\n", Printable(remark).c_str());
  }
  LambdaFunction function(&runtime,
                          {[&](const ApiRequest& request, std::stop_token cancel,
                               std::chrono::milliseconds time) {
                             return Answer(service, request, std::move(cancel), time);
                           },
                           [&] { service.Look(); }, Log},
                          started.options);
  while (true) function.ServeOne();
}

}  // namespace

bool StartedByLambda() {
  const char* address = std::getenv(kRuntime);
  return address != nullptr && *address != '\0';
}

void AddLambdaCommand(CLI::App& app) {
  CLI::App* command = app.add_subcommand(
      "lambda", "Answer the REST API as an AWS Lambda function, which its zip starts");
  command->footer(kExamples);
  command->callback(Run);
}

}  // namespace shoestring
