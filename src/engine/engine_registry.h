#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/settings.h"
#include "engine/engine.h"
#include "engine/hot_tables.h"
#include "lake/object_store.h"

namespace shoestring {

/// Where engines find what they need; must outlive them.
struct EngineContext {
  Settings settings;
  /// The lake's store; throws when no lake was named. Called only by engines that read it
  /// themselves.
  std::function<ObjectStore*()> lake;
  HotTables hot = {};  ///< To be kept in memory; duckdb alone does that.
};

/// Opens an engine by its name; throws kInvalidArgument, with the names that there are,
/// for another, and for one that keeps no tables in memory when it is asked to.
std::unique_ptr<Engine> OpenEngine(std::string_view name, const EngineContext& context);

/// "athena, duckdb, postgres, trino".
std::string EngineNames();

}  // namespace shoestring
