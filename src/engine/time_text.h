#pragma once

#include <arrow/type.h>
#include <arrow/type_fwd.h>

#include <cstdint>
#include <string>

namespace shoestring {

/// "2024-02-29", "0044-03-15 BC", "infinity" of days since 1970.
void AppendDate(int32_t days, std::string* to);

/// "12:34:56.789": trailing zeros of the fraction are left out.
void AppendTime(int64_t value, arrow::TimeUnit::type unit, std::string* to);

/// "2024-02-29 12:34:56", with "+00" where the array's type has a time zone; `iso`: with
/// a T and "+00:00".
void AppendTimestamp(const arrow::TimestampArray& array, int64_t row, bool iso,
                     std::string* to);

/// As Postgres does by default: "1 year 2 mons -3 days +04:05:06.7".
void AppendInterval(const arrow::MonthDayNanoIntervalType::MonthDayNanos& value,
                    std::string* to);

/// A timestamp in seconds since 1970, rounded down.
int64_t MomentSeconds(const arrow::TimestampArray& array, int64_t row);
/// A timestamp in UTC as it is shown this many seconds east: "2024-02-29 05:34:56-07".
void AppendMoment(const arrow::TimestampArray& array, int64_t row, int64_t seconds_east,
                  std::string* to);
/// "+00", "-07", "+05:30", "+05:53:28"
void AppendOffset(int64_t seconds_east, std::string* to);

}  // namespace shoestring
