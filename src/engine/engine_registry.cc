#include "engine/engine_registry.h"

#include <array>

#include "base/error.h"
#include "engine/athena_engine.h"
#include "engine/duckdb_engine.h"
#include "engine/postgres_engine.h"
#include "engine/trino_engine.h"

namespace shoestring {

namespace {

using Context = EngineContext;

constexpr std::string_view kKeepsTables = "duckdb";

struct Entry {
  std::string_view name;
  std::unique_ptr<Engine> (*open)(const Context& context);
};

/// A new engine is one file and one line here.
const std::array kEngines = {
    Entry{
        "athena",
        [](const Context& c) { return OpenAthenaEngine(ReadAthenaOptions(c.settings)); }},
    Entry{"duckdb", [](const Context& c) { return OpenDuckdbEngine(c.lake(), c.hot); }},
    Entry{
        "postgres",
        [](const Context& c) { return OpenPostgresEngine(ReadPostgresUrl(c.settings)); }},
    Entry{"trino",
          [](const Context& c) { return OpenTrinoEngine(ReadTrinoOptions(c.settings)); }},
};

}  // namespace

std::unique_ptr<Engine> OpenEngine(std::string_view name, const EngineContext& context) {
  if (!context.hot.names.empty() && name != kKeepsTables) {
    throw Fail(ErrorKind::kInvalidArgument, "Only {} keeps tables in memory, not: {}",
               kKeepsTables, name);
  }
  for (const Entry& entry : kEngines) {
    if (entry.name == name) return entry.open(context);
  }
  throw Fail(ErrorKind::kInvalidArgument, "No such engine, there are {}: {}",
             EngineNames(), name);
}

std::string EngineNames() {
  std::string names;
  for (const Entry& entry : kEngines) {
    names += fmt::format("{}{}", names.empty() ? "" : ", ", entry.name);
  }
  return names;
}

}  // namespace shoestring
