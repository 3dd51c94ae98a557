#pragma once

#include <arrow/type_fwd.h>

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "correlate/correlation_settings.h"
#include "correlate/holding.h"
#include "sql/query.h"

namespace shoestring {

/// The lines of these funds; of all when there are none named, and then those that say
/// the same summed up: of a few funds, engines take longer to group lines than to send
/// them. One scan.
SqlQuery HoldingsQuery(const CorrelationSettings& settings,
                       const std::vector<std::string>& funds,
                       const std::optional<Quarter>& quarter);

/// Adds what a batch of its answer says. Lines without a quarter, a value, or anything to
/// know the security by are left out.
void ReadHoldings(const CorrelationSettings& settings, const arrow::RecordBatch& batch,
                  std::vector<Holding>* to);

/// Which fund filed for which quarters, by name; the funds as above.
using FundQuarters = std::map<std::string, std::set<Quarter>>;
SqlQuery FundQuartersQuery(const CorrelationSettings& settings,
                           const std::vector<std::string>& funds);
void ReadFundQuarters(const arrow::RecordBatch& batch, FundQuarters* to);

}  // namespace shoestring
