#pragma once

#include <string>

#include "correlate/holding.h"

namespace shoestring {

/// A holding of so many dollars at the end of 2024-Q3.
inline Holding Held(std::string fund, std::string cusip, int64_t dollars) {
  constexpr int64_t kUnit = 10'000;
  return {.fund = std::move(fund),
          .security = {.quarter = {2024, 3}, .is_cusip = true, .id = std::move(cusip)},
          .value = Money(dollars * kUnit)};
}

}  // namespace shoestring
