#pragma once

#include "api/function.h"
#include "correlate/correlator.h"

namespace shoestring {

/// /rpc/get_investor_correlation: who may call it, and how.
Function CorrelationFunction(const CorrelationSettings& settings);

/// What it gives for the values of its parameters, in their order: a JSON object. Throws
/// Error as Correlator does.
std::string CallCorrelation(const std::vector<std::optional<std::string>>& values,
                            Correlator* correlator);

}  // namespace shoestring
