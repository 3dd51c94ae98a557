#pragma once

#include <chrono>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "base/settings.h"
#include "engine/engine.h"

namespace shoestring {

/// How Athena is asked: [athena] of shoestring.toml, SHOESTRING_ATHENA_*
/// (docs/engines.md). Credentials, region and endpoint are found as AWS' tools find them.
struct AthenaOptions {
  std::string database;
  std::string catalog = "AwsDataCatalog";
  std::string workgroup = "primary";
  std::string output;             ///< "s3://…"; empty: the workgroup's.
  std::string region;             ///< Empty: as AWS' tools have it.
  std::chrono::minutes reuse{0};  ///< How old an answer may be that is given again.
  bool only_pages = false;        ///< Results are not read from their file on S3.
};

/// Throws kInvalidArgument for what cannot be meant.
AthenaOptions ReadAthenaOptions(const Settings& settings);

/// Amazon Athena. Time and rows are limited here; bytes scanned by the workgroup, and so
/// refused unless its cutoff is no higher; memory and threads are refused. A query that
/// is given up is stopped at the service, and its error says what it cost.
std::unique_ptr<Engine> OpenAthenaEngine(AthenaOptions options);

/// Runs statements of Athena's DDL one after the other, for `ddl`; throws at the first
/// that fails.
void RunAthenaStatements(const AthenaOptions& options,
                         const std::vector<std::string>& statements,
                         const std::stop_token& cancel);

}  // namespace shoestring
