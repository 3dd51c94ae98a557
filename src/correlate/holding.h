#pragma once

#include <arrow/util/decimal.h>

#include <compare>
#include <string>
#include <string_view>

#include "correlate/quarter.h"

namespace shoestring {

/// Money, exact, with four decimals.
using Money = arrow::Decimal128;
constexpr int kMoneyScale = 4;

/// As JSON and CSV have it: "1234.5", without zeros at the end.
std::string MoneyText(const Money& money);
/// The nearest double.
double MoneyNumber(const Money& money);

/// A security itself, or an option on it.
enum class Kind { kShares, kPut, kCall };

/// "shares", "put", "call".
std::string_view KindName(Kind kind);

/// What a line holds, at the end of which quarter.
struct Security {
  Quarter quarter;
  bool is_cusip = false;  ///< Else `id` is a ticker.
  std::string id;
  Kind kind = Kind::kShares;
  auto operator<=>(const Security&) const =
      default;  // NOLINT(modernize-use-nullptr): its own 0
};

/// What one line of a table of holdings says, or the sum of lines that say the same.
struct Holding {
  std::string fund;
  Security security;
  std::string ticker;  ///< Empty: unknown.
  std::string filing;  ///< Which filing reported it; empty: unknown.
  std::string filed;   ///< When, "2024-11-14"; empty: unknown.
  Money value;
};

/// Nine characters, in capitals: leading zeros that a spreadsheet took are put back,
/// where the check digit says that the result is a CUSIP. Other texts of six characters
/// and more stay as they are; shorter ones ("N/A") are none: empty.
std::string RestoreCusip(std::string_view text);

/// By the first letter of a "Put" or "C"; all else are shares.
Kind ParseKind(std::string_view put_call);

}  // namespace shoestring
