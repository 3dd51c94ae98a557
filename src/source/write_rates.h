#pragma once

#include <optional>
#include <string>

#include "source/inspection.h"

namespace shoestring {

/// Rows per second; nothing where the counters cannot tell.
struct WriteRates {
  std::optional<double> inserts;
  std::optional<double> changes;  ///< Updates and deletes.
};

/// Why no table has rates: "the counters began 4 min ago", …; "" when they can tell.
std::string CountersDoubt(const Inspection& inspection);

/// Inserts stay unknown too while the counters still hold the loading of the table.
WriteRates RatesOf(const InspectedTable& table, const Inspection& inspection);

}  // namespace shoestring
