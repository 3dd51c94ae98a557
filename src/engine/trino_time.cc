#include "engine/trino_time.h"

#include <charconv>
#include <limits>

namespace shoestring {

namespace {

constexpr int64_t kSecondsPerDay = 86'400;
constexpr int64_t kNanosPerSecond = 1'000'000'000;
constexpr int kNanoDigits = 9;
// Within which days, and their microseconds, cannot overflow.
constexpr int64_t kMaxYear = 290'000;

/// Takes a text apart from its front; once something is not there, it stays failed.
class Reader {
 public:
  explicit Reader(std::string_view text) : left_(text) {}

  bool ok() const { return ok_; }
  bool AtEnd() const { return ok_ && left_.empty(); }
  std::string_view left() const { return left_; }

  bool TakeIf(char c) {
    if (left_.empty() || left_.front() != c) return false;
    left_.remove_prefix(1);
    return true;
  }

  void Take(char c) {
    if (!TakeIf(c)) ok_ = false;
  }

  /// Digits without a sign: at least `least` of them.
  int64_t Number(size_t least = 1) {
    int64_t number = 0;
    const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
    size_t digits = 0;
    while (digits < left_.size() && is_digit(left_[digits])) ++digits;
    const auto end = left_.data() + digits;
    if (digits < least || std::from_chars(left_.data(), end, number).ec != std::errc()) {
      ok_ = false;
      return 0;
    }
    left_.remove_prefix(digits);
    return number;
  }

  /// Two digits, not above `most`.
  int64_t TwoDigits(int64_t most) {
    const size_t before = left_.size();
    const int64_t number = Number(2);
    if (before - left_.size() != 2 || number > most) ok_ = false;
    return number;
  }

  /// What stands behind a point, in nanoseconds; nothing is 0.
  int64_t Fraction() {
    if (!TakeIf('.')) return 0;
    const size_t before = left_.size();
    int64_t number = Number();
    const auto digits = static_cast<int>(before - left_.size());
    if (digits > kNanoDigits) ok_ = false;
    for (int i = digits; i < kNanoDigits; ++i) number *= 10;
    return number;
  }

 private:
  std::string_view left_;
  bool ok_ = true;
};

/// Howard Hinnant's days_from_civil.
int64_t DaysFromCivil(int64_t year, int64_t month, int64_t day) {
  year -= month <= 2 ? 1 : 0;
  const int64_t era = (year >= 0 ? year : year - 399) / 400;
  const int64_t year_of_era = year - era * 400;
  const int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  const int64_t day_of_era =
      year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146'097 + day_of_era - 719'468;
}

bool IsDayOfMonth(int64_t year, int64_t month, int64_t day) {
  constexpr int64_t kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  if (month < 1 || month > 12 || day < 1) return false;
  const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return day <= kDays[month - 1] + (leap && month == 2 ? 1 : 0);
}

std::optional<int64_t> TakeDate(Reader* reader) {
  const bool negative = reader->TakeIf('-');
  if (!negative) reader->TakeIf('+');
  const int64_t year = reader->Number(4) * (negative ? -1 : 1);
  reader->Take('-');
  const int64_t month = reader->TwoDigits(12);
  reader->Take('-');
  const int64_t day = reader->TwoDigits(31);
  if (!reader->ok() || year > kMaxYear || year < -kMaxYear) return std::nullopt;
  if (!IsDayOfMonth(year, month, day)) return std::nullopt;
  return DaysFromCivil(year, month, day);
}

/// Nanoseconds since midnight.
int64_t TakeTime(Reader* reader) {
  int64_t seconds = reader->TwoDigits(23) * 3600;
  reader->Take(':');
  seconds += reader->TwoDigits(59) * 60;
  reader->Take(':');
  seconds += reader->TwoDigits(59);
  return seconds * kNanosPerSecond + reader->Fraction();
}

/// "+02:00" in seconds.
std::optional<int64_t> ParseOffset(std::string_view text) {
  Reader reader(text);
  const bool negative = reader.TakeIf('-');
  if (!negative) reader.Take('+');
  int64_t seconds = reader.TwoDigits(23) * 3600;
  reader.Take(':');
  seconds += reader.TwoDigits(59) * 60;
  if (!reader.AtEnd()) return std::nullopt;
  return negative ? -seconds : seconds;
}

/// Seconds and their nanoseconds as one number; nothing when it is too large.
std::optional<int64_t> Join(int64_t seconds, int64_t nano, bool nanos) {
  const int64_t per_second = nanos ? kNanosPerSecond : kNanosPerSecond / 1000;
  int64_t value = 0;
  if (__builtin_mul_overflow(seconds, per_second, &value)) return std::nullopt;
  if (__builtin_add_overflow(value, nanos ? nano : nano / 1000, &value)) {
    return std::nullopt;
  }
  return value;
}

std::optional<TrinoInterval> ParseDaysToSeconds(std::string_view text, int sign) {
  Reader reader(text);
  const int64_t days = reader.Number();
  reader.Take(' ');
  const int64_t nanos = TakeTime(&reader);
  if (!reader.AtEnd() || days > std::numeric_limits<int32_t>::max()) return std::nullopt;
  return TrinoInterval{0, sign * static_cast<int32_t>(days), sign * nanos};
}

std::optional<TrinoInterval> ParseYearsToMonths(std::string_view text, int sign) {
  Reader reader(text);
  const int64_t years = reader.Number();
  reader.Take('-');
  const int64_t months = reader.Number();
  constexpr int64_t kMost = std::numeric_limits<int32_t>::max() / 12 - 1;
  if (!reader.AtEnd() || years > kMost || months > 11) return std::nullopt;
  return TrinoInterval{sign * static_cast<int32_t>(12 * years + months), 0, 0};
}

}  // namespace

std::optional<int32_t> ParseTrinoDate(std::string_view text) {
  Reader reader(text);
  const auto days = TakeDate(&reader);
  if (!days || !reader.AtEnd()) return std::nullopt;
  return static_cast<int32_t>(*days);
}

std::optional<int64_t> ParseTrinoTime(std::string_view text, bool nanos) {
  Reader reader(text);
  const int64_t value = TakeTime(&reader);
  if (!reader.AtEnd()) return std::nullopt;
  return nanos ? value : value / 1000;
}

TrinoTimestamp ParseTrinoTimestamp(std::string_view text, bool nanos) {
  Reader reader(text);
  const auto days = TakeDate(&reader);
  if (!days) return {};
  reader.Take(' ');
  const int64_t time = TakeTime(&reader);
  if (!reader.ok()) return {};
  TrinoTimestamp parsed{TrinoTimestamp::kOk, 0, reader.TakeIf(' ')};
  int64_t offset = 0;
  if (parsed.has_zone && reader.left() != "UTC" && reader.left() != "Z") {
    const auto given = ParseOffset(reader.left());
    if (!given) return {TrinoTimestamp::kNamedZone, 0, true};
    offset = *given;
  } else if (!parsed.has_zone && !reader.AtEnd()) {
    return {};
  }
  const int64_t seconds = *days * kSecondsPerDay + time / kNanosPerSecond - offset;
  const auto value = Join(seconds, time % kNanosPerSecond, nanos);
  if (!value) return {TrinoTimestamp::kOutOfRange, 0, parsed.has_zone};
  parsed.value = *value;
  return parsed;
}

std::optional<TrinoInterval> ParseTrinoInterval(std::string_view text) {
  Reader reader(text);
  const int sign = reader.TakeIf('-') ? -1 : 1;
  const bool has_time = text.find(':') != std::string_view::npos;
  return has_time ? ParseDaysToSeconds(reader.left(), sign)
                  : ParseYearsToMonths(reader.left(), sign);
}

}  // namespace shoestring
