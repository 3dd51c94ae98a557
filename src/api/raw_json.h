#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sql/query.h"

namespace shoestring {

/// JSON as text: looked into and changed without losing how its numbers and keys stand.
/// The texts come from Postgres, or were checked by CheckJson(); of others nothing is
/// promised but that no byte beyond them is read.

/// Throws ApiError 22P02 for what is no JSON.
void CheckJson(std::string_view text);

/// What `step` leads to: the last member of that name, or an element; nothing without it.
std::optional<std::string_view> JsonAt(std::string_view json, const JsonStep& step);

/// The value of ->>: a string without quotes and escapes, nothing for null, else as it
/// is.
std::optional<std::string> JsonAsText(std::string_view json);

/// As jsonb prints it: keys by length and bytes, one space after ':' and ','.
std::string NormalizedJson(std::string_view json);

/// Without spaces; keys as they stand.
std::string MinifiedJson(std::string_view json);

/// Without the members of objects that are null, at any depth.
std::string WithoutNulls(std::string_view json);

}  // namespace shoestring
