#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "cost/verdict.h"
#include "source/inspection.h"

namespace shoestring {

/// What `inspect` prints: what was seen, and what follows from it.
struct InspectReport {
  std::string source;  ///< Without its password.
  Inspection inspection;
  double growth_bytes_month = 0;  ///< Of tables whose newest date is recent.
  Verdict verdict;                ///< Its tables are in the order of the inspection's.
};

InspectReport ReportOn(std::string source, Inspection inspection);

/// For people; lists are cut after their first lines, names are made safe for a terminal.
std::string AsText(const InspectReport& report);
/// Everything, in one line.
std::string AsJson(const InspectReport& report);

/// "table", "partitioned table", …
std::string_view KindName(char relkind);
/// Qualified where the schema is not public.
std::string ShownName(const InspectedTable& table);
/// Its part of all rows that were read, 0 to 1.
double ReadShare(const InspectedTable& table, const Inspection& inspection);
/// "2024-03-01", from days since 1970-01-01.
std::string IsoDate(int32_t days);
/// "5,700", or "not readable".
std::string CountText(std::optional<int64_t> count);

}  // namespace shoestring
