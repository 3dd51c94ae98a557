#pragma once

#include <string>
#include <string_view>

#include "api/postgres_type.h"
#include "sql/query.h"

namespace shoestring {

/// A text as Postgres' input function of the type understands it, written again as ::text
/// has it ("t" as "true", "20240102" as "2024-01-02"). Throws ApiError with Postgres' own
/// codes and words: 22P02, 22003, 22007, 22008. What is no type of its own comes back.
std::string InputText(std::string_view text, const PostgresType& type);

/// The same as a value that is bound. `column` is what it will be compared with.
SqlExpression InputValue(std::string_view text, const PostgresType& column);

/// A number as the integer next to it; throws ApiError 22003 beyond the type's range.
std::string RoundedInteger(std::string_view number, const PostgresType& type);

}  // namespace shoestring
