// correlate: how alike the holdings of investment funds are. Rows of holdings become
// portfolios, portfolios scores, scores a matrix and a picture: all pure. `Correlator`
// alone asks an engine; which one, and how rows are stored, nobody here knows.
#pragma once

#include <chrono>
#include <compare>
#include <optional>
#include <string>
#include <string_view>

namespace shoestring {

/// SQLSTATE of what is asked for and cannot be.
constexpr std::string_view kInvalidParameter = "22023";

/// A quarter of a year.
struct Quarter {
  int year = 0;
  int number = 1;  ///< 1 to 4.
  auto operator<=>(const Quarter&) const =
      default;  // NOLINT(modernize-use-nullptr): its own 0
};

/// The quarter of a date, "2024-09-30…", or of "2024-Q3", "2024q3"; nothing for other
/// texts.
std::optional<Quarter> ParseQuarter(std::string_view text);

/// The quarter of a day of the years 1 to 9999; nothing for others.
std::optional<Quarter> QuarterOf(std::chrono::sys_days day);

/// "2024-Q3".
std::string QuarterName(const Quarter& quarter);

/// "2024-07-01".
std::string FirstDay(const Quarter& quarter);

Quarter NextQuarter(const Quarter& quarter);

/// Which quarters are looked at.
struct QuarterChoice {
  bool all = false;
  std::optional<Quarter> quarter;  ///< Without it, and not all: the latest that fits.
};

/// "latest", "all", or as ParseQuarter reads it; throws kInvalidArgument for others.
QuarterChoice ParseQuarterChoice(std::string_view text);

}  // namespace shoestring
