#pragma once

#include <memory>
#include <string>

#include "base/settings.h"
#include "engine/engine.h"

namespace shoestring {

/// [postgres] url of shoestring.toml, SHOESTRING_POSTGRES_URL, else DATABASE_URL.
std::string ReadPostgresUrl(const Settings& settings);

/// The Postgres at a URL, a session a query, in a transaction that reads only.
/// Placeholders are $1, $2, …. Limits of time and rows are kept; memory, threads and
/// bytes scanned, of which Postgres tells nothing, are refused.
std::unique_ptr<Engine> OpenPostgresEngine(std::string url);

}  // namespace shoestring
