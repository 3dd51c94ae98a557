#include "api/moment_text.h"

#include <algorithm>
#include <cctype>
#include <chrono>
#include <optional>

#include "api/api_error.h"
#include "api/field_grammar.h"
#include "engine/time_text.h"

namespace shoestring {

namespace {

using Kind = PostgresType::Kind;

constexpr int64_t kDay = 86'400'000'000;  // In microseconds.

[[noreturn]] void Invalid(std::string_view text, const PostgresType& type) {
  // Here alone Postgres leaves " without time zone" out.
  const std::string_view name(type.name);
  throw ApiError(400, "22007",
                 fmt::format("invalid input syntax for type {}: \"{}\"",
                             name.substr(0, name.find(" without")), text));
}

[[noreturn]] void OutOfRange(std::string_view text) {
  throw ApiError(400, "22008",
                 fmt::format("date/time field value out of range: \"{}\"", text))
      .WithHint("Perhaps you need a different \"datestyle\" setting.");
}

std::string Lower(std::string text) {
  std::ranges::transform(text, text.begin(),
                         [](unsigned char c) { return std::tolower(c); });
  return text;
}

/// A date and time as its parts.
struct Moment {
  int year = 0, month = 0, day = 0;
  int64_t micros = 0;            ///< Of the day.
  std::optional<int> offset_s;   ///< East of UTC, when it says so; or
  std::optional<TimeZone> zone;  ///< when it names one.
};

class MomentReader {
 public:
  MomentReader(std::string_view text, const PostgresType& type)
      : text_(text), word_(Stripped(text)), type_(type) {}

  Moment Read() {
    if (Special()) return moment_;
    Date();
    if (at_ < word_.size() &&
        (word_[at_] == ' ' || word_[at_] == 'T' || word_[at_] == 't')) {
      ++at_;
      while (Peek() == ' ') ++at_;
      Time();
    }
    if (at_ != word_.size()) Bad();
    return moment_;
  }

 private:
  [[noreturn]] void Bad() const { Invalid(text_, type_); }

  [[noreturn]] void Range() const { OutOfRange(text_); }

  char Peek() const { return at_ < word_.size() ? word_[at_] : '\0'; }

  int Number(size_t least, size_t most) {
    const size_t start = at_;
    int value = 0;
    while (at_ < word_.size() && at_ - start < most &&
           std::isdigit(static_cast<unsigned char>(word_[at_]))) {
      value = value * 10 + (word_[at_++] - '0');
    }
    if (at_ - start < least) Bad();
    return value;
  }

  /// Words that stand for a moment.
  bool Special() {
    const std::string lower = Lower(word_);
    int64_t day = 0;
    const int64_t micros = Now();
    const int64_t today = micros / kDay;
    if (lower == "epoch") {
      moment_.offset_s = 0;
      day = 0;
    } else if (lower == "today" || lower == "now") {
      day = today;
    } else if (lower == "yesterday") {
      day = today - 1;
    } else if (lower == "tomorrow") {
      day = today + 1;
    } else {
      return false;
    }
    const std::chrono::year_month_day date{std::chrono::sys_days{std::chrono::days{day}}};
    moment_.year = static_cast<int>(date.year());
    moment_.month = static_cast<int>(static_cast<unsigned>(date.month()));
    moment_.day = static_cast<int>(static_cast<unsigned>(date.day()));
    if (lower == "now") moment_.micros = micros % kDay;
    return true;
  }

  /// As clocks show it in the type's time zone.
  int64_t Now() const {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    const int64_t micros =
        std::chrono::duration_cast<std::chrono::microseconds>(now).count();
    return micros +
           (type_.zone ? type_.zone->OffsetAt(micros / 1'000'000) : 0) * 1'000'000;
  }

  void Date() {
    const size_t digits = word_.find_first_not_of("0123456789");
    if (std::min(digits, word_.size()) == 8) {
      moment_ = {Number(4, 4), Number(2, 2), Number(2, 2)};
    } else {
      moment_.year = Number(4, 6);
      const char separator = Peek();
      if (separator != '-' && separator != '/' && separator != '.') Bad();
      ++at_;
      moment_.month = Number(1, 2);
      if (Peek() != separator) Bad();
      ++at_;
      moment_.day = Number(1, 2);
    }
    const std::chrono::year_month_day date{
        std::chrono::year(moment_.year),
        std::chrono::month(static_cast<unsigned>(moment_.month)),
        std::chrono::day(static_cast<unsigned>(moment_.day))};
    if (!date.ok() || moment_.year < 1 || moment_.year > 9999) Range();
  }

  void Time() {
    const int hour = Number(1, 2);
    int minute = 0;
    int second = 0;
    if (Peek() != ':') Bad();
    ++at_;
    minute = Number(2, 2);
    if (Peek() == ':') {
      ++at_;
      second = Number(2, 2);
      Fraction();
    }
    if (hour > 24 || minute > 59 || second > 60) Range();
    moment_.micros += (hour * 3600LL + minute * 60LL + second) * 1'000'000;
    if (moment_.micros > kDay) Range();  // 24:00 is the last of a day.
    Zone();
  }

  void Fraction() {
    if (Peek() != '.') return;
    ++at_;
    int64_t unit = 100'000;
    while (std::isdigit(static_cast<unsigned char>(Peek()))) {
      moment_.micros += unit * (word_[at_++] - '0');
      unit /= 10;
    }
  }

  void Zone() {
    while (Peek() == ' ') ++at_;
    if (at_ == word_.size()) return;
    const std::string rest = Lower(word_.substr(at_));
    if (rest == "z" || rest == "utc" || rest == "gmt") {
      at_ = word_.size();
      moment_.offset_s = 0;
      return;
    }
    if (const auto named = TimeZone::Find(word_.substr(at_))) {
      at_ = word_.size();
      moment_.zone = named;
      return;
    }
    if (Peek() != '+' && Peek() != '-') Bad();
    const int sign = word_[at_++] == '-' ? -1 : 1;
    const int hours = Number(1, 2);
    int minutes = 0;
    if (Peek() == ':') ++at_;
    if (at_ < word_.size()) minutes = Number(2, 2);
    if (hours > 15 || minutes > 59) Range();
    moment_.offset_s = sign * (hours * 3600 + minutes * 60);
  }

  const std::string_view text_;
  const std::string word_;
  const PostgresType& type_;
  size_t at_ = 0;
  Moment moment_;
};

std::string TimeText(int64_t micros) {
  std::string text = fmt::format("{:02}:{:02}:{:02}", micros / 3'600'000'000,
                                 micros / 60'000'000 % 60, micros / 1'000'000 % 60);
  if (micros % 1'000'000 == 0) return text;
  text += fmt::format(".{:06}", micros % 1'000'000);
  while (text.back() == '0') text.pop_back();
  return text;
}

int64_t RoundedDown(int64_t value, int64_t unit) {
  return value >= 0 ? value / unit : -((-value + unit - 1) / unit);
}

/// Since 1970, in UTC where the type has a time zone.
int64_t MicrosOf(const Moment& moment, const PostgresType& type) {
  const std::chrono::sys_days date{
      std::chrono::year_month_day{std::chrono::year(moment.year),
                                  std::chrono::month(static_cast<unsigned>(moment.month)),
                                  std::chrono::day(static_cast<unsigned>(moment.day))}};
  const int64_t micros = date.time_since_epoch().count() * kDay + moment.micros;
  if (type.kind != Kind::kTimestampTz) return micros;
  const auto& zone = moment.zone ? moment.zone : type.zone;
  int64_t offset = moment.offset_s.value_or(0);
  if (!moment.offset_s && zone) {
    offset = zone->OffsetOfLocal(RoundedDown(micros, 1'000'000));
  }
  return micros - offset * 1'000'000;
}

/// A timestamptz as it is so many seconds east of UTC.
std::string Written(int64_t micros, const PostgresType& type, int64_t offset) {
  micros += offset * 1'000'000;
  const int64_t day = RoundedDown(micros, kDay);
  const std::chrono::year_month_day date{std::chrono::sys_days{std::chrono::days{day}}};
  std::string text =
      fmt::format("{:04}-{:02}-{:02}", static_cast<int>(date.year()),
                  static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
  if (type.kind == Kind::kDate) return text;
  text += " " + TimeText(micros - day * kDay);
  if (type.kind == Kind::kTimestampTz) AppendOffset(offset, &text);
  return text;
}

}  // namespace

std::string MomentText(std::string_view text, const PostgresType& type) {
  std::string lower = Lower(Stripped(text));
  if (lower == "infinity" || lower == "-infinity") return lower;
  return Written(MicrosOf(MomentReader(text, type).Read(), type), type, 0);
}

std::string ShownMoment(std::string_view text, const PostgresType& type) {
  const std::string lower = Lower(Stripped(text));
  if (!type.zone || lower == "infinity" || lower == "-infinity") {
    return MomentText(text, type);
  }
  const int64_t micros = MicrosOf(MomentReader(text, type).Read(), type);
  return Written(micros, type, type.zone->OffsetAt(RoundedDown(micros, 1'000'000)));
}

std::string ClockText(std::string_view text, const PostgresType& type) {
  const std::string moment = "2000-01-01 " + Stripped(text);
  const PostgresType timestamp = PlainType(Kind::kTimestamp);
  try {
    return TimeText(MomentReader(moment, timestamp).Read().micros);
  } catch (const ApiError& error) {
    if (error.code() == "22008") OutOfRange(text);
    Invalid(text, type);
  }
}

}  // namespace shoestring
