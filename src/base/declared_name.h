#pragma once

#include <string>
#include <string_view>

namespace shoestring {

/// What a table of the lake is called in Glue, and so in Athena and Trino: in lower case,
/// "sales_orders" for sales.orders. Throws kUnsupported for what is too long.
std::string DeclaredName(std::string_view table);

}  // namespace shoestring
