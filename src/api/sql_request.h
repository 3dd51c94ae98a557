#pragma once

#include <string_view>

#include "sql/statement.h"

namespace shoestring {

/// Pure: the body of POST /sql, {"sql": "SELECT …", "parameters": [1, "a"]}. Throws
/// ApiError PGRST102 for another one.
Statement ReadSqlRequest(std::string_view body);

}  // namespace shoestring
