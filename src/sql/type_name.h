#pragma once

#include <string>

#include "sql/dialect.h"

namespace shoestring {

/// A type as the dialect calls it: "timestamp(6) with time zone".
std::string SqlTypeName(const SqlType& type, SqlDialect dialect);

}  // namespace shoestring
