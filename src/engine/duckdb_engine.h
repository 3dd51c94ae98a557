#pragma once

#include <memory>

#include "engine/engine.h"
#include "engine/hot_tables.h"
#include "lake/object_store.h"

namespace shoestring {

/// DuckDB inside this process, over the tables of the lake's current version. Each query
/// looks for a newer version first. Nothing but the lake can be read, nothing can be
/// written; what does not fit into memory goes to a private temporary folder. `store`
/// must outlive the engine.
///
/// `hot` names tables that it copies into its memory before it comes back, and again with
/// each version of the lake; until a later version's copies stand, its files are read.
/// Throws kLimit when they do not fit.
std::unique_ptr<Engine> OpenDuckdbEngine(ObjectStore* store, HotTables hot = {});

}  // namespace shoestring
