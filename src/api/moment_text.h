#pragma once

#include <string>
#include <string_view>

#include "api/postgres_type.h"

namespace shoestring {

/// A date or timestamp as Postgres reads it ("2024-01-02T03:04+01:00", "20240102",
/// "today"), written as its ::text in UTC; one without a time zone is its type's. Throws
/// ApiError 22007 and 22008.
std::string MomentText(std::string_view text, const PostgresType& type);

/// The same, but a timestamptz as its type's time zone shows it.
std::string ShownMoment(std::string_view text, const PostgresType& type);

/// The same for a time of day.
std::string ClockText(std::string_view text, const PostgresType& type);

}  // namespace shoestring
