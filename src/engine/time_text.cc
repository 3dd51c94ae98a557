#include "engine/time_text.h"

#include <arrow/api.h>
#include <fmt/format.h>

#include <cstdlib>
#include <limits>
#include <string_view>

namespace shoestring {

namespace {

using arrow::TimeUnit;

int64_t UnitsPerSecond(TimeUnit::type unit) {
  switch (unit) {
    case TimeUnit::SECOND: return 1;
    case TimeUnit::MILLI: return 1'000;
    case TimeUnit::MICRO: return 1'000'000;
    case TimeUnit::NANO: return 1'000'000'000;
  }
  return 1;
}

const arrow::TimestampType& TypeOf(const arrow::TimestampArray& array) {
  return static_cast<const arrow::TimestampType&>(*array.type());
}

void AppendTwoDigits(int64_t value, std::string* to) {
  to->push_back(static_cast<char>('0' + value / 10));
  to->push_back(static_cast<char>('0' + value % 10));
}

void AppendYear(int64_t year, std::string* to) {
  const fmt::format_int digits(year);
  if (digits.size() < 4) to->append(4 - digits.size(), '0');
  to->append(digits.data(), digits.size());
}

/// "2024-02-29", or "0044-03-15" with `bc` set: the caller puts the BC where it belongs.
void AppendDay(int64_t days, std::string* to, bool* bc) {
  // Howard Hinnant's days_from_civil, the other way around.
  const int64_t shifted = days + 719468;
  const int64_t era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
  const int64_t day_of_era = shifted - era * 146097;
  const int64_t year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  const int64_t day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const int64_t month_from_march = (5 * day_of_year + 2) / 153;
  const int64_t day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
  const int64_t month =
      month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
  int64_t year = year_of_era + era * 400 + (month <= 2 ? 1 : 0);
  *bc = year <= 0;
  if (*bc) year = 1 - year;
  AppendYear(year, to);
  to->push_back('-');
  AppendTwoDigits(month, to);
  to->push_back('-');
  AppendTwoDigits(day, to);
}

/// Of up to 99 hours.
void AppendClock(int64_t value, int64_t per_second, std::string* to) {
  const int64_t seconds = value / per_second;
  AppendTwoDigits(seconds / 3600, to);
  to->push_back(':');
  AppendTwoDigits(seconds / 60 % 60, to);
  to->push_back(':');
  AppendTwoDigits(seconds % 60, to);
  int64_t fraction = value % per_second;
  if (fraction == 0) return;
  to->push_back('.');
  for (int64_t place = per_second / 10; fraction > 0; place /= 10) {
    to->push_back(static_cast<char>('0' + fraction / place));
    fraction %= place;
  }
}

/// DuckDB keeps the infinities at the ends of the range.
template <typename Integer>
bool IsInfinite(Integer value) {
  constexpr Integer kInfinity = std::numeric_limits<Integer>::max();
  return value == kInfinity || value == -kInfinity;
}

/// True when it was one.
template <typename Integer>
bool AppendIfInfinite(Integer value, std::string* to) {
  if (!IsInfinite(value)) return false;
  to->append(value < 0 ? "-infinity" : "infinity");
  return true;
}

void AppendMoment(int64_t value, int64_t per_second, bool iso, std::string_view zone,
                  std::string* to) {
  if (AppendIfInfinite(value, to)) return;
  const int64_t per_day = 86'400 * per_second;
  int64_t days = value / per_day;
  int64_t rest = value % per_day;
  if (rest < 0) {
    rest += per_day;
    --days;
  }
  bool bc = false;
  AppendDay(days, to, &bc);
  to->push_back(iso ? 'T' : ' ');
  AppendClock(rest, per_second, to);
  to->append(zone);
  if (bc) to->append(" BC");
}

}  // namespace

void AppendDate(int32_t days, std::string* to) {
  if (AppendIfInfinite(days, to)) return;
  bool bc = false;
  AppendDay(days, to, &bc);
  if (bc) to->append(" BC");
}

void AppendTime(int64_t value, TimeUnit::type unit, std::string* to) {
  AppendClock(value, UnitsPerSecond(unit), to);
}

void AppendTimestamp(const arrow::TimestampArray& array, int64_t row, bool iso,
                     std::string* to) {
  const arrow::TimestampType& type = TypeOf(array);
  const char* zone = type.timezone().empty() ? "" : iso ? "+00:00" : "+00";
  AppendMoment(array.Value(row), UnitsPerSecond(type.unit()), iso, zone, to);
}

void AppendInterval(const arrow::MonthDayNanoIntervalType::MonthDayNanos& value,
                    std::string* to) {
  const size_t start = to->size();
  bool was_negative = false;
  const auto part = [&](int64_t count, std::string_view unit) {
    if (count == 0) return;
    if (to->size() > start) to->push_back(' ');
    fmt::format_to(std::back_inserter(*to), "{}{} {}{}",
                   was_negative && count > 0 ? "+" : "", count, unit,
                   count == 1 ? "" : "s");
    was_negative = count < 0;
  };
  part(value.months / 12, "year");
  part(value.months % 12, "mon");
  part(value.days, "day");
  const int64_t micros = value.nanoseconds / 1000;
  if (micros == 0 && to->size() > start) return;
  if (to->size() > start) to->push_back(' ');
  if (micros < 0) {
    to->push_back('-');
  } else if (was_negative) {
    to->push_back('+');
  }
  const int64_t hours = std::abs(micros) / 3'600'000'000;
  if (hours >= 100) fmt::format_to(std::back_inserter(*to), "{}", hours / 100);
  AppendClock(std::abs(micros) % 360'000'000'000, 1'000'000, to);
}

int64_t MomentSeconds(const arrow::TimestampArray& array, int64_t row) {
  const int64_t per_second = UnitsPerSecond(TypeOf(array).unit());
  const int64_t value = array.Value(row);
  return value / per_second - (value % per_second < 0 ? 1 : 0);
}

void AppendMoment(const arrow::TimestampArray& array, int64_t row, int64_t seconds_east,
                  std::string* to) {
  const int64_t per_second = UnitsPerSecond(TypeOf(array).unit());
  const int64_t value = array.Value(row);
  std::string zone;
  AppendOffset(seconds_east, &zone);
  AppendMoment(IsInfinite(value) ? value : value + seconds_east * per_second, per_second,
               /*iso=*/false, zone, to);
}

void AppendOffset(int64_t seconds_east, std::string* to) {
  const int64_t size = std::abs(seconds_east);
  to->push_back(seconds_east < 0 ? '-' : '+');
  AppendTwoDigits(size / 3600, to);
  if (size % 3600 == 0) return;
  to->push_back(':');
  AppendTwoDigits(size / 60 % 60, to);
  if (size % 60 == 0) return;
  to->push_back(':');
  AppendTwoDigits(size % 60, to);
}

}  // namespace shoestring
