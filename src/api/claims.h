#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace shoestring {

/// A token's claim as text: "sub", or "app.team" for one inside of another, unless a
/// claim has that very name. Numbers and nested values are their JSON; nothing when it is
/// missing or null. `claims` is a JSON object.
std::optional<std::string> ClaimText(const std::string& claims, std::string_view path);

}  // namespace shoestring
