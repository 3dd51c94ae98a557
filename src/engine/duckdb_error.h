#pragma once

#include <duckdb/common/error_data.hpp>

#include <string>
#include <vector>

#include "base/error.h"

namespace shoestring {

/// Turns an error of DuckDB into ours. `tables` are named when one is missing.
Error TranslateDuckdbError(const duckdb::ErrorData& error,
                           const std::vector<std::string>& tables);

}  // namespace shoestring
