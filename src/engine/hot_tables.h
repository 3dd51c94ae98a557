#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "engine/engine.h"

namespace shoestring {

/// The copies of hot tables that stand in memory.
struct HotTablesInMemory {
  int64_t rows = 0;
  int64_t bytes = 0;
};

/// Tables of a lake that an engine is to keep in memory, and anew with each version.
struct HotTables {
  std::vector<std::string> names;  ///< As the lake has them: "t" or "schema.t".
  int64_t memory_bytes = 0;        ///< That all copies may take together.
  QueryLimits limits;              ///< That queries will come with.
  /// Told that a version stands in memory; may be called by any thread.
  std::function<void(const HotTablesInMemory&)> loaded;
  /// Told why a later version does not, so that its files are read.
  std::function<void(const std::string&)> failed;
};

}  // namespace shoestring
