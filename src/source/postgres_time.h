#pragma once

#include <cstdint>
#include <string>

#include "base/bytes.h"

namespace shoestring {

enum class TimeOutcome { kOk, kInfinity, kOutOfRange, kMalformed };

/// Days since 1970 of a binary date. Out of range outside the years 1 to 9999.
TimeOutcome DecodeDate(Bytes field, int32_t* days);
/// Microseconds since 1970 of a binary timestamp, with the same range.
TimeOutcome DecodeTimestamp(Bytes field, int64_t* micros);

/// The binary form of the first or last day, or microsecond, of the range, whichever is
/// nearer to a value outside of it.
std::string NearestDate(Bytes field);
std::string NearestTimestamp(Bytes field);

/// A day of the proleptic Gregorian calendar.
struct CivilDate {
  int32_t year = 0;
  int32_t month = 0;
  int32_t day = 0;
  bool operator==(const CivilDate&) const = default;
};
CivilDate CivilFromDays(int32_t days_since_1970);
/// Floors to the day, in UTC.
int32_t DaysFromMicros(int64_t micros_since_1970);

}  // namespace shoestring
