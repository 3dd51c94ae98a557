#pragma once

#include <string>
#include <string_view>

namespace shoestring {

/// The table function by which DuckDB scans a table of the lake.
inline constexpr const char* kLakeScan = "lake_scan";

/// What stands for a table of the lake in DuckDB's FROM, by its name there: what the view
/// of that name selects from. To bind the view, too, is a tenth of a short query.
std::string LakeScanOf(std::string_view table);

}  // namespace shoestring
