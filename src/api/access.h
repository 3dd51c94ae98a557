#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace shoestring {

/// What a caller may see of one table.
struct TableAccess {
  /// Names of the visible columns; nothing: all of them.
  std::optional<std::vector<std::string>> columns;
  /// A predicate in the filter grammar of URLs: "user_id=eq.{sub}&deleted=is.false". Each
  /// {claim} ({app.team} for a nested one) stands for a value of the token and is bound,
  /// never text; a claim that is missing lets no row pass. Empty: all rows.
  std::string rows;
};

/// What a caller may do, decided from key and token before the core runs. The core
/// applies it to everything: embeds, counts and OpenAPI included.
struct Access {
  std::string role;
  bool service = false;     ///< Sees all tables and rows, and may POST to /sql.
  bool all_tables = false;  ///< Tables that are not named below are visible, whole.
  std::map<std::string, TableAccess> tables;  ///< By the lake's names: "t", "schema.t".
  std::string claims = "{}";                  ///< The token's claims, a JSON object.
  /// True for a caller that has shown a user's token: what is forbidden to it is 403, and
  /// 401 to others.
  bool signed_in = false;
};

}  // namespace shoestring
