#pragma once

#include <string>

#include "base/settings.h"

namespace shoestring {

/// Where holdings stand: a table and its columns, each the key of the same name in
/// [correlation] of shoestring.toml. Those marked optional may be "" here, "none" there.
struct CorrelationSettings {
  std::string table = "fund_holdings";  ///< As in the lake: "t", "schema.t".
  std::string fund = "fund_name";       ///< A text.
  std::string quarter = "period_end";   ///< A date or timestamp in the quarter.
  std::string cusip = "cusip";          ///< Optional, but for one of it and `ticker`.
  std::string ticker = "ticker";        ///< Optional.
  std::string value = "market_value";   ///< A number.
  std::string put_call = "put_call";    ///< Optional: without it all are shares.
  std::string filing = "filing_id";     ///< Optional: without it all lines are summed.
  std::string filed = "filing_date";    ///< Optional: when a line was filed.
  std::string thousands_before;         ///< Optional, a date: what was filed before is in
                                        ///< thousands.
};

/// Throws kInvalidArgument for what cannot be: no way to know a security, a
/// thousands_before that is no date or has no `filed` to go by.
CorrelationSettings ReadCorrelationSettings(const Settings& settings);

}  // namespace shoestring
