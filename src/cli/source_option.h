#pragma once

#include <CLI/CLI.hpp>

#include <string>

namespace shoestring {

/// Adds --source, which falls back to DATABASE_URL. Required one way or the other.
void AddSourceOption(CLI::App& command, std::string* source);

/// Overwrites a password inside a --source argument, so that process listings do not show
/// it. To be called before anything else; true when there was one.
bool HidePasswordInArguments(int argc, char** argv);

}  // namespace shoestring
