#pragma once

#include <arrow/type_fwd.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/postgres_type.h"

namespace shoestring {

/// A value of an engine's answer as Postgres' to_json() writes it; "null" for none.
void AppendPostgresJson(const arrow::Array& array, int64_t row, const PostgresType& type,
                        std::string* to);

/// The value as Postgres' ::text has it; nothing for NULL.
std::optional<std::string> PostgresText(const arrow::Array& array, int64_t row,
                                        const PostgresType& type);

/// A field of CSV as Postgres prints rows: t and f, quoted where it must be.
void AppendPostgresCsv(const arrow::Array& array, int64_t row, const PostgresType& type,
                       std::string* to);
void AppendCsvText(std::string_view text, std::string* to);

/// JSON of a value whose ::text this is.
void AppendJsonOfText(std::string_view text, const PostgresType& type, std::string* to);

/// The text of a value of one type as that of another, as a cast makes it; throws
/// ApiError 22P02, 22003, 22007 for a text that is none.
std::string CastText(std::string_view text, const PostgresType& from,
                     const PostgresType& to);

/// The elements of '{a,"b c",NULL}', those of inner arrays as they are; throws ApiError
/// 22P02 for what is no array.
std::vector<std::optional<std::string>> ArrayElements(std::string_view literal);

/// '{…}' of these elements.
std::string ArrayLiteral(const std::vector<std::optional<std::string>>& elements);

/// numerator / denominator as Postgres divides numerics; both are decimals.
std::string DividedNumeric(std::string_view numerator, std::string_view denominator);

/// The same for doubles.
std::string InexactQuotient(std::string_view numerator, std::string_view denominator);

}  // namespace shoestring
