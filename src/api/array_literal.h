#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace shoestring {

/// The elements of '{a,"b c",NULL}' or '[0:1]={a,b}', those of inner arrays as they are;
/// throws ApiError 22P02 for what is no array.
std::vector<std::optional<std::string>> ArrayElements(std::string_view literal);

/// '{…}' of these elements.
std::string ArrayLiteral(const std::vector<std::optional<std::string>>& elements);

}  // namespace shoestring
