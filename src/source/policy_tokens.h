#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace shoestring {

/// A piece of an SQL expression.
struct SqlToken {
  enum class Kind { kEnd, kName, kQuotedName, kText, kNumber, kSymbol };
  Kind kind = Kind::kEnd;
  std::string text;  ///< A plain name in lower case; what stands in quotes without them.
};

/// Cuts an expression as Postgres writes it; ends with kEnd. Nothing for what it does not
/// know, such as a text that does not end or has a backslash.
std::optional<std::vector<SqlToken>> TokenizeSql(std::string_view text);

}  // namespace shoestring
