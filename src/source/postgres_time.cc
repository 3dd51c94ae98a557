#include "source/postgres_time.h"

#include <chrono>
#include <limits>

namespace shoestring {

namespace {

using std::chrono::days;
using std::chrono::sys_days;
using std::chrono::year;

constexpr int32_t kFirstDay = (sys_days{year{1} / 1 / 1}.time_since_epoch() / days{1});
constexpr int32_t kLastDay =
    (sys_days{year{9999} / 12 / 31}.time_since_epoch() / days{1});
// Postgres counts from 2000-01-01.
constexpr int32_t kPostgresEpochDays =
    (sys_days{year{2000} / 1 / 1}.time_since_epoch() / days{1});
constexpr int64_t kMicrosPerDay = 86'400'000'000;
constexpr int64_t kPostgresEpochMicros = kPostgresEpochDays * kMicrosPerDay;
constexpr int64_t kFirstMicro = kFirstDay * kMicrosPerDay;
constexpr int64_t kLastMicro = (int64_t{kLastDay} + 1) * kMicrosPerDay - 1;

template <typename Raw>
std::string Nearest(Bytes field, Raw first, Raw last) {
  std::string bytes;
  AppendBigEndian(&bytes, LoadBigEndian<Raw>(field.data()) < first ? first : last);
  return bytes;
}

}  // namespace

TimeOutcome DecodeDate(Bytes field, int32_t* result) {
  if (field.size() != sizeof(int32_t)) return TimeOutcome::kMalformed;
  const auto raw = LoadBigEndian<int32_t>(field.data());
  using Limits = std::numeric_limits<int32_t>;
  if (raw == Limits::max() || raw == Limits::min()) return TimeOutcome::kInfinity;
  const int64_t since_1970 = int64_t{raw} + kPostgresEpochDays;
  if (since_1970 < kFirstDay || since_1970 > kLastDay) return TimeOutcome::kOutOfRange;
  *result = static_cast<int32_t>(since_1970);
  return TimeOutcome::kOk;
}

TimeOutcome DecodeTimestamp(Bytes field, int64_t* result) {
  if (field.size() != sizeof(int64_t)) return TimeOutcome::kMalformed;
  const auto raw = LoadBigEndian<int64_t>(field.data());
  using Limits = std::numeric_limits<int64_t>;
  if (raw == Limits::max() || raw == Limits::min()) return TimeOutcome::kInfinity;
  if (raw < kFirstMicro - kPostgresEpochMicros ||
      raw > kLastMicro - kPostgresEpochMicros) {
    return TimeOutcome::kOutOfRange;
  }
  *result = raw + kPostgresEpochMicros;
  return TimeOutcome::kOk;
}

std::string NearestDate(Bytes field) {
  return Nearest<int32_t>(field, kFirstDay - kPostgresEpochDays,
                          kLastDay - kPostgresEpochDays);
}

std::string NearestTimestamp(Bytes field) {
  return Nearest<int64_t>(field, kFirstMicro - kPostgresEpochMicros,
                          kLastMicro - kPostgresEpochMicros);
}

CivilDate CivilFromDays(int32_t days_since_1970) {
  const std::chrono::year_month_day date{sys_days{days{days_since_1970}}};
  return {static_cast<int32_t>(static_cast<int>(date.year())),
          static_cast<int32_t>(static_cast<unsigned>(date.month())),
          static_cast<int32_t>(static_cast<unsigned>(date.day()))};
}

int32_t DaysFromMicros(int64_t micros) {
  const int64_t day = micros / kMicrosPerDay - (micros % kMicrosPerDay < 0 ? 1 : 0);
  return static_cast<int32_t>(day);
}

}  // namespace shoestring
