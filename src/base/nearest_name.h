#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace shoestring {

/// Letters changed, added or left out between two names.
size_t EditDistance(std::string_view left, std::string_view right);

/// The name most like this one, as PostgREST guesses; empty when none is `least` (0 to 1)
/// like it.
std::string NearestName(const std::vector<std::string>& names, const std::string& name,
                        double least);

}  // namespace shoestring
