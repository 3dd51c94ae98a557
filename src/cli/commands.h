// cli: one file a command: flags, wiring and printing, nothing else.
#pragma once

namespace CLI {
class App;
}

namespace shoestring {

/// Each adds its subcommand, whose callback runs it; errors are thrown to main.
void AddMigrateCommand(CLI::App& app);
void AddRunsCommand(CLI::App& app);
void AddVerifyCommand(CLI::App& app);
void AddInspectCommand(CLI::App& app);
void AddQueryCommand(CLI::App& app);
void AddExplainCommand(CLI::App& app);
void AddCorrelateCommand(CLI::App& app);
void AddLedgerCommand(CLI::App& app);
void AddTablesCommand(CLI::App& app);
void AddDescribeCommand(CLI::App& app);
void AddDdlCommand(CLI::App& app);
void AddServeCommand(CLI::App& app);

}  // namespace shoestring
