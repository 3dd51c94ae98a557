#pragma once

#include <memory>
#include <string>

#include "base/settings.h"
#include "engine/engine.h"

namespace shoestring {

/// How a Trino is reached: [trino] of shoestring.toml, SHOESTRING_TRINO_*
/// (docs/engines.md).
struct TrinoOptions {
  std::string server;  ///< "https://trino.example:8443".
  std::string user = "shoestring";
  std::string catalog;
  std::string schema;
  std::string password;  ///< Basic authentication, over https only.
  std::string token;     ///< A JWT; not together with a password.
  std::string ca_file;   ///< Certificates to trust; empty: the machine's.
};

/// Throws kInvalidArgument for what cannot be meant, such as a password over http.
TrinoOptions ReadTrinoOptions(const Settings& settings);

/// A Trino server, asked by its statement protocol. Memory and bytes scanned are limited
/// by the server, time and rows here; threads are refused. Times come in UTC.
std::unique_ptr<Engine> OpenTrinoEngine(TrinoOptions options);

}  // namespace shoestring
