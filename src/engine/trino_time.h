#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace shoestring {

/// The texts that Trino's protocol has for dates and times, and Athena's results. Pure.

/// Days since 1970 of "2024-02-29", "-0044-03-15" or "+12024-01-01".
std::optional<int32_t> ParseTrinoDate(std::string_view text);

/// Microseconds, or nanoseconds, since midnight of "12:34:56.789".
std::optional<int64_t> ParseTrinoTime(std::string_view text, bool nanos);

/// "2024-02-29 12:34:56.789", with " UTC" or " +02:00" behind it for an instant.
struct TrinoTimestamp {
  enum Outcome { kOk, kMalformed, kNamedZone, kOutOfRange };
  Outcome outcome = kMalformed;
  int64_t value = 0;  ///< Since 1970, in the unit asked for; an instant's in UTC.
  bool has_zone = false;
};
TrinoTimestamp ParseTrinoTimestamp(std::string_view text, bool nanos);

/// "2-11" (years and months) or "-3 04:05:06.789" (days to seconds): one sign for all.
struct TrinoInterval {
  int32_t months = 0;
  int32_t days = 0;
  int64_t nanos = 0;
};
std::optional<TrinoInterval> ParseTrinoInterval(std::string_view text);

}  // namespace shoestring
