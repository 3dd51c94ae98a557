#pragma once

#include <string>

#include "lake/object_store.h"

namespace shoestring {

/// What `tables` and `describe` print, and \d in the prompt.

std::string TablesAsText(ObjectStore* store);
std::string TablesAsJson(ObjectStore* store);

/// Throws kNotFound with the names that there are.
std::string DescriptionAsText(ObjectStore* store, const std::string& table);
std::string DescriptionAsJson(ObjectStore* store, const std::string& table);

}  // namespace shoestring
