#pragma once

#include <cstdint>

#include "cost/prices.h"

namespace shoestring {

/// US dollars for a query that read so many bytes: whole MB (2^20 bytes), and no less
/// than Athena's minimum. What failed, DDL and answers given again are free: not to be
/// asked for here.
double AthenaDollars(const Prices& prices, int64_t scanned_bytes);

}  // namespace shoestring
