#pragma once

#include <string>
#include <vector>

namespace shoestring {

/// The name most like this one, as PostgREST guesses; empty when none is `least` (0 to 1)
/// like it.
std::string NearestName(const std::vector<std::string>& names, const std::string& name,
                        double least);

}  // namespace shoestring
