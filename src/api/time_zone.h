#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace arrow_vendored::date {
class time_zone;
}

namespace shoestring {

/// A time zone of the IANA database, as the machine has it.
class TimeZone {
 public:
  /// "America/Los_Angeles"; nothing for a name that the machine does not know. It always
  /// knows UTC.
  static std::optional<TimeZone> Find(const std::string& name);

  const std::string& name() const { return name_; }

  /// Seconds east of UTC, at a moment in seconds since 1970 in UTC.
  int64_t OffsetAt(int64_t moment) const;
  /// The same of a local time in seconds since 1970. One that is skipped or comes twice
  /// is read as Postgres reads it: by the offset that is standard time's.
  int64_t OffsetOfLocal(int64_t local) const;

  bool operator==(const TimeZone&) const = default;

 private:
  TimeZone(std::string name, const arrow_vendored::date::time_zone* zone)
      : name_(std::move(name)), zone_(zone) {}

  std::string name_;
  const arrow_vendored::date::time_zone* zone_;  ///< Never goes; nullptr for UTC.
};

}  // namespace shoestring
