#pragma once

#include <string>
#include <vector>

namespace shoestring {

/// Every way to take one name of each: {{a}, {b, c}} gives {a, b} and {a, c}. None when
/// one of them has no names.
std::vector<std::vector<std::string>> Choices(
    const std::vector<std::vector<std::string>>& each);

}  // namespace shoestring
