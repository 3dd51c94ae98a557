#pragma once

#include <string>
#include <vector>

#include "source/policy.h"

namespace shoestring {

/// What a role may see of a table, by its policies: a draft for [roles] of
/// shoestring.toml.
struct RowsDraft {
  std::string role;
  std::string rows;  ///< A predicate in the filter grammar of URLs, or "all".
};

struct PolicyDraft {
  std::vector<RowsDraft> roles;   ///< Those that see something.
  std::vector<std::string> open;  ///< What could not be translated, and follows from it.
};

/// Translates the policies that a table has for SELECT. What cannot be translated never
/// shows more rows: a permissive policy is left out, a restrictive one closes the table.
PolicyDraft DraftRows(const std::vector<Policy>& policies);

struct TableDraft {
  std::string table;  ///< As the lake calls it.
  PolicyDraft draft;
};

/// Lines of TOML, a section a role, then remarks: what `inspect` and `migrate` print.
std::vector<std::string> FormatDrafts(const std::vector<TableDraft>& drafts);

}  // namespace shoestring
