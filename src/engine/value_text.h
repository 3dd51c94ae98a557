#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace shoestring {

/// A value as JSON, "null" for none: numbers exact, NaN and Infinity as texts, dates and
/// times in ISO 8601, bytes as "\\x…", lists as arrays, structs and maps as objects.
void AppendJson(const arrow::Array& array, int64_t row, std::string* to);

/// A value as plain text, as Postgres prints it, nested ones as JSON; nothing for null.
void AppendText(const arrow::Array& array, int64_t row, std::string* to);

/// A text as JSON string, with its quotes.
void AppendJsonString(std::string_view text, std::string* to);

}  // namespace shoestring
