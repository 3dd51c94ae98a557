#pragma once

#include <memory>
#include <string>

#include "engine/engine.h"
#include "engine/result_cache.h"

namespace shoestring {

struct CachedOptions {
  std::string engine;  ///< The inner engine's name, and
  std::string lake;    ///< where its lake is: answers are of one of each.
};

/// Gives an answer that is known already, and keeps what `inner` answers: for statements
/// that are repeatable, on engines that tell which versions of tables they read, which
/// are those with a planner of their own. All others go through. Both must outlive it.
std::unique_ptr<Engine> MakeCachedEngine(Engine* inner, const ResultCache* cache,
                                         CachedOptions options);

}  // namespace shoestring
