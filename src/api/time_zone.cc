#include "api/time_zone.h"

#include <arrow/vendored/datetime.h>

#include <chrono>
#include <stdexcept>

namespace shoestring {

namespace {

namespace date = arrow_vendored::date;

using std::chrono::seconds;

constexpr int64_t kDay = 86'400;
constexpr int64_t k400Years =
    146'097 * kDay;  // Whole weeks, after which all is the same.
/// Clocks are turned by the rules of a zone; what the machine knows of them is lists of
/// turns, most of which end in 2037.
constexpr int kLastYear = 2036;
constexpr int64_t kAfterLastYear = 2'114'380'800;

/// Moments that have an offset for as long as anybody knows.
bool IsLast(const date::sys_info& info) {
  return info.end.time_since_epoch() > std::chrono::years(3000);
}

/// A moment in a year whose turns are known and whose days, from January or from March
/// on, are the same days of the week: rules are about these.
int64_t InAKnownYear(int64_t moment) {
  if (moment < kAfterLastYear) return moment;
  moment = kAfterLastYear + (moment - kAfterLastYear) % k400Years;
  namespace chrono = std::chrono;
  const chrono::year_month_day day(chrono::sys_days(chrono::days(moment / kDay)));
  const chrono::month from =
      day.month() < chrono::March ? chrono::January : chrono::March;
  const chrono::sys_days begin = day.year() / from / 1;
  chrono::year year(kLastYear);
  while (chrono::weekday(year / from / 1) != chrono::weekday(begin)) --year;
  return moment - (begin - chrono::sys_days(year / from / 1)).count() * kDay;
}

}  // namespace

std::optional<TimeZone> TimeZone::Find(const std::string& name) {
  if (name == "UTC") return TimeZone(name, nullptr);
  try {
    return TimeZone(name, date::locate_zone(name));
  } catch (const std::runtime_error&) {
    return std::nullopt;
  }
}

int64_t TimeZone::OffsetAt(int64_t moment) const {
  if (!zone_) return 0;
  auto info = zone_->get_info(date::sys_seconds(seconds(moment)));
  if (IsLast(info)) {
    info = zone_->get_info(date::sys_seconds(seconds(InAKnownYear(moment))));
  }
  return info.offset.count();
}

int64_t TimeZone::OffsetOfLocal(int64_t local) const {
  if (!zone_) return 0;
  auto info = zone_->get_info(date::local_seconds(seconds(local)));
  if (IsLast(info.first)) {
    info = zone_->get_info(date::local_seconds(seconds(InAKnownYear(local))));
  }
  return (info.result == date::local_info::ambiguous ? info.second : info.first)
      .offset.count();
}

}  // namespace shoestring
