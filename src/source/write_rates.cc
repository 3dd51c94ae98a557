#include "source/write_rates.h"

#include <chrono>

#include "base/units.h"

namespace shoestring {

namespace {

constexpr double kHour = 3600;
constexpr double kWeek = 7 * 24 * kHour;

}  // namespace

std::string CountersDoubt(const Inspection& inspection) {
  if (inspection.standby) return "this server is a standby: it does not count writes";
  if (!inspection.counting)
    return "track_counts is off: the server does not count writes";
  if (inspection.counted_seconds >= kHour) return "";
  const auto age = std::chrono::duration<double>(inspection.counted_seconds);
  return "the counters began only " +
         FormatDuration(std::chrono::duration_cast<std::chrono::milliseconds>(age)) +
         " ago";
}

WriteRates RatesOf(const InspectedTable& table, const Inspection& inspection) {
  if (!CountersDoubt(inspection).empty()) return {};
  const double seconds = inspection.counted_seconds;
  const Counters& counters = table.counters;
  WriteRates rates;
  rates.changes = static_cast<double>(counters.updated + counters.deleted) / seconds;
  const bool loaded = counters.inserted > 0 && seconds < kWeek &&
                      (!table.rows || counters.inserted >= *table.rows * 0.9);
  if (!loaded) rates.inserts = static_cast<double>(counters.inserted) / seconds;
  return rates;
}

}  // namespace shoestring
