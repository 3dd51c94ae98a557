#pragma once

#include <CLI/CLI.hpp>

#include <optional>
#include <string>

namespace shoestring {

/// Adds --source, which falls back to DATABASE_URL. Required one way or the other.
void AddSourceOption(CLI::App& command, std::string* source);

/// --source of a command that can do without it. Must outlive the command.
class OptionalSource {
 public:
  explicit OptionalSource(CLI::App& command);
  OptionalSource(const OptionalSource&) = delete;
  OptionalSource& operator=(const OptionalSource&) = delete;

  /// Nothing without --source; when it stands alone, the URL in DATABASE_URL. Throws
  /// kInvalidArgument when there is none.
  std::optional<std::string> url() const;

 private:
  std::string url_;
  CLI::Option* option_;
};

/// Overwrites a password inside a --source argument, so that process listings do not show
/// it. To be called before anything else; true when there was one.
bool HidePasswordInArguments(int argc, char** argv);

}  // namespace shoestring
