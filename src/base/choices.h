#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

namespace shoestring {

constexpr size_t kMostChoices = 100;

/// Every way to take one name of each: {{a}, {b, c}} gives {a, b} and {a, c}. None when
/// one of them has no names; no more than kMostChoices, for many names of many would be
/// more than memory holds.
std::vector<std::vector<std::string>> Choices(
    const std::vector<std::vector<std::string>>& each);

/// The same of the names that each of these has; none for one that is not known.
std::vector<std::vector<std::string>> ChoicesFor(
    const std::vector<std::string>& wanted,
    const std::map<std::string, std::vector<std::string>>& known);

}  // namespace shoestring
