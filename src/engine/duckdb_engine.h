#pragma once

#include <memory>

#include "engine/engine.h"
#include "lake/object_store.h"

namespace shoestring {

/// DuckDB inside this process, over the tables of the lake's current version. Each query
/// looks for a newer version first. Nothing but the lake can be read, nothing can be
/// written; what does not fit into memory goes to a private temporary folder. `store`
/// must outlive the engine.
std::unique_ptr<Engine> OpenDuckdbEngine(ObjectStore* store);

}  // namespace shoestring
