#pragma once

#include <CLI/CLI.hpp>

#include <string>

#include "lake/object_store.h"

namespace shoestring {

/// Adds --lake, which falls back to SHOESTRING_LAKE, and how to reach it on S3. Gives
/// --lake, for the caller to require.
CLI::Option* AddLakeOption(CLI::App& command, std::string* lake, S3Options* s3);

/// How objects are kept on S3, for commands that write.
void AddS3WriteOptions(CLI::App& command, S3Options* s3);

}  // namespace shoestring
