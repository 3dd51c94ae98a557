#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace shoestring {

/// A token's claim as text: "sub", or "app.team" for one inside of another, unless a
/// claim has that very name. Numbers and nested values are their JSON; nothing when it is
/// missing or null. `claims` is a JSON object.
std::optional<std::string> ClaimText(const std::string& claims, std::string_view path);

/// Whether "{name}" in a predicate stands for a claim.
bool IsClaimName(std::string_view name);

/// False for a predicate with braces that are neither those of a claim by itself nor of
/// an array or JSON without claims, such as "{ sub }": as they stand they would be
/// compared with, and a negation would then hide nothing.
bool BracesAreClear(std::string_view predicate);

}  // namespace shoestring
