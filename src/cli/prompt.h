#pragma once

#include <functional>
#include <string>

#include "lake/object_store.h"

namespace shoestring {

/// Asks for statements on the terminal until the user leaves, and gives each to `run`,
/// whose errors are shown and end nothing. \d, \d TABLE (of `store`, which may be
/// nullptr), \q and \? are commands.
void RunPrompt(ObjectStore* store, const std::function<void(const std::string&)>& run);

}  // namespace shoestring
