#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace shoestring {

/// The bytes that a text stands for, as tokens and keys have it (RFC 4648 §5, without
/// padding); nothing for what an encoder would not have written: other characters, '=',
/// bits left over.
std::optional<std::string> FromBase64Url(std::string_view text);

}  // namespace shoestring
