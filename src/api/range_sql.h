#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "api/postgres_type.h"
#include "api/request_query.h"
#include "sql/query.h"

namespace shoestring {

/// A range as Postgres writes it: "[1,5)", "empty"; a bound that is missing is infinite.
struct RangeText {
  bool empty = false;
  std::optional<std::string> lower;
  std::optional<std::string> upper;
  bool lower_inclusive = false;
  bool upper_inclusive = false;
};

/// Pure: reads a range of this type ("int4range"), its bounds as the type has them, those
/// of whole numbers and days as [lower,upper). Throws ApiError 22P02 for what is none,
/// 22000 when it ends before it begins.
RangeText ParseRangeText(std::string_view text, const PostgresType& type);
std::string FormatRange(const RangeText& range);

/// A filter on a column of ranges, which a lake keeps as texts; nothing for an operator
/// that ranges do not have.
std::optional<SqlExpression> RangeSql(FilterOperator operation,
                                      const SqlExpression& column,
                                      const PostgresType& type, std::string_view value);

}  // namespace shoestring
