#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/terminal_text.h"
#include "cli/commands.h"
#include "cli/source_option.h"

namespace {

constexpr const char* kAbout =
    "Moves a Postgres database into a lake of Parquet files, and answers from there.\n"
    "\n"
    "  shoestring inspect --source postgresql://user@host/db\n"
    "  shoestring migrate --source postgresql://user@host/db --lake ./lake --dry-run\n"
    "  shoestring migrate --source postgresql://user@host/db --lake ./lake\n"
    "  shoestring verify --lake ./lake\n"
    "  shoestring query --lake ./lake 'SELECT count(*) FROM fund_holdings'\n"
    "  shoestring correlate --lake ./lake 'Scion Asset Management' 'ARK Investment "
    "Management'\n"
    "  shoestring serve --lake ./lake --anonymous\n";

int Fails(const shoestring::Error& error) {
  std::fprintf(stderr, "shoestring: %s\n", shoestring::Printable(error.what()).c_str());
  return shoestring::ExitCode(error.kind());
}

// Else the first files to be opened would be taken for standard output and error.
void OpenStandardDescriptors() {
  for (int descriptor = STDIN_FILENO; descriptor <= STDERR_FILENO; ++descriptor) {
    // For reading only: writing to it must fail, as it does to what is closed.
    if (fcntl(descriptor, F_GETFD) < 0) open("/dev/null", O_RDONLY);
  }
}

void FlushOutput() {
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return;
  // A reader that has left is no error, as after `| head`.
  pollfd reader{STDOUT_FILENO, POLLOUT, 0};
  if (poll(&reader, 1, 0) > 0 && (reader.revents & POLLERR) != 0) return;
  throw shoestring::Fail(shoestring::ErrorKind::kUnavailable,
                         "Standard output did not take all of the result: is it closed, "
                         "or its disk full?");
}

int RunMain(std::vector<std::string> arguments) {
  CLI::App app(kAbout, "shoestring");
  app.set_version_flag("--version", std::string(SHOESTRING_VERSION));
  app.require_subcommand(1);
  shoestring::AddInspectCommand(app);
  shoestring::AddMigrateCommand(app);
  shoestring::AddRunsCommand(app);
  shoestring::AddVerifyCommand(app);
  shoestring::AddQueryCommand(app);
  shoestring::AddExplainCommand(app);
  shoestring::AddCorrelateCommand(app);
  shoestring::AddLedgerCommand(app);
  shoestring::AddTablesCommand(app);
  shoestring::AddDescribeCommand(app);
  shoestring::AddDdlCommand(app);
  shoestring::AddServeCommand(app);
  shoestring::AddLambdaCommand(app);
  // CLI11 would only say that a command is missing.
  if (!arguments.empty() && !arguments.back().starts_with("-") &&
      app.get_subcommands([&](const CLI::App* command) {
           return command->get_name() == arguments.back();
         })
          .empty()) {
    throw shoestring::Fail(shoestring::ErrorKind::kInvalidArgument,
                           "No command {}; see shoestring --help",
                           shoestring::InQuotes(arguments.back()));
  }
  try {
    app.parse(std::move(arguments));
  } catch (const CLI::ParseError& error) {
    constexpr int kUsage = 2;
    if (app.exit(error) != 0) return kUsage;
  }
  FlushOutput();
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  OpenStandardDescriptors();
  std::signal(SIGPIPE, SIG_IGN);
  // CLI11 takes the arguments in reverse.
  std::vector<std::string> arguments(argv + 1, argv + argc);
  // Lambda starts its `bootstrap` without any.
  if (arguments.empty() && shoestring::StartedByLambda()) arguments = {"lambda"};
  std::reverse(arguments.begin(), arguments.end());
  if (shoestring::HidePasswordInArguments(argc, argv)) {
    std::fputs(
        "shoestring: a password on the command line can be seen by others; put it into "
        "DATABASE_URL or ~/.pgpass\n",
        stderr);
  }
  try {
    return RunMain(std::move(arguments));
  } catch (const shoestring::Error& error) {
    return Fails(error);
  } catch (const std::bad_alloc&) {
    return Fails(shoestring::Error(shoestring::ErrorKind::kLimit, "Out of memory"));
  } catch (const std::exception& error) {
    return Fails(shoestring::Error(shoestring::ErrorKind::kInternal, error.what()));
  }
}
