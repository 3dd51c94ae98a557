#pragma once

#include <string>
#include <string_view>

namespace shoestring {

/// Pure: a regular expression of Postgres as the engines over a lake read it. Throws
/// ApiError 2201B for what is none, PGRST127 for what they do not have: what looks ahead
/// or behind, back references, the ends of words told apart.
std::string PortablePattern(std::string_view pattern);

}  // namespace shoestring
