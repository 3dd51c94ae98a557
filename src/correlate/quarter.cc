#include "correlate/quarter.h"

#include <charconv>

#include "base/error.h"

namespace shoestring {

namespace {

constexpr size_t kYearDigits = 4;
constexpr int kMonths = 3;

/// The number that the text is, if it is nothing else.
std::optional<int> Number(std::string_view text) {
  int number = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), number);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  return whole && number >= 0 ? std::optional(number) : std::nullopt;
}

}  // namespace

std::optional<Quarter> ParseQuarter(std::string_view text) {
  const auto year = Number(text.substr(0, kYearDigits));
  if (!year || text.size() < kYearDigits + 2) return std::nullopt;
  std::string_view rest = text.substr(kYearDigits);
  const bool dash = rest.starts_with('-');
  if (dash) rest.remove_prefix(1);
  if (rest.starts_with('Q') || rest.starts_with('q')) {
    const auto number = Number(rest.substr(1));
    const bool known = number && *number >= 1 && *number <= 4;
    return known ? std::optional(Quarter{*year, *number}) : std::nullopt;
  }
  constexpr size_t kMonthDigits = 2;
  const auto month = dash ? Number(rest.substr(0, kMonthDigits)) : std::nullopt;
  const bool day_follows = rest.size() > kMonthDigits && rest[kMonthDigits] == '-';
  if (!month || *month < 1 || *month > 12 || !day_follows) return std::nullopt;
  return Quarter{*year, (*month + kMonths - 1) / kMonths};
}

std::optional<Quarter> QuarterOf(std::chrono::sys_days day) {
  using namespace std::chrono_literals;
  constexpr std::chrono::sys_days kFirst = 1y / 1 / 1;
  constexpr std::chrono::sys_days kLast = 9999y / 12 / 31;
  if (day < kFirst || day > kLast) return std::nullopt;
  const std::chrono::year_month_day date(day);
  const auto month = static_cast<int>(static_cast<unsigned>(date.month()));
  return Quarter{static_cast<int>(date.year()), (month + kMonths - 1) / kMonths};
}

std::string QuarterName(const Quarter& quarter) {
  return fmt::format("{:04}-Q{}", quarter.year, quarter.number);
}

std::string FirstDay(const Quarter& quarter) {
  return fmt::format("{:04}-{:02}-01", quarter.year, kMonths * (quarter.number - 1) + 1);
}

Quarter NextQuarter(const Quarter& quarter) {
  return quarter.number < 4 ? Quarter{quarter.year, quarter.number + 1}
                            : Quarter{quarter.year + 1, 1};
}

QuarterChoice ParseQuarterChoice(std::string_view text) {
  if (text.empty() || text == "latest") return {};
  if (text == "all") return {.all = true};
  const auto quarter = ParseQuarter(text);
  if (quarter) return {.quarter = quarter};
  throw Fail(
      ErrorKind::kInvalidArgument,
      "A quarter is like 2024-Q3, a date such as 2024-09-30, latest or all, not: {}",
      text)
      .WithSqlstate(std::string(kInvalidParameter));
}

}  // namespace shoestring
