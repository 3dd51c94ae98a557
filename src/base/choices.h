#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace shoestring {

constexpr size_t kMostChoices = 100;

/// Every way to take one name of each: {{a}, {b, c}} gives {a, b} and {a, c}. None when
/// one of them has no names; no more than kMostChoices, for many names of many would be
/// more than memory holds.
std::vector<std::vector<std::string>> Choices(
    const std::vector<std::vector<std::string>>& each);

}  // namespace shoestring
