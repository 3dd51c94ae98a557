#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/access.h"
#include "api/authenticator.h"
#include "api/lake_schema.h"

namespace shoestring {

/// What a role may see of a table, as it was declared.
struct TableRule {
  bool visible = true;
  std::optional<std::vector<std::string>> columns;  ///< Nothing: all.
  std::optional<std::string> rows;                  ///< A predicate, or "all".
};

/// What each role may see, as [roles] of shoestring.toml declares it:
///
///   [roles.authenticated]
///   companies = true                     # all columns and rows
///   notes = { columns = ["id", "text"], rows = "user_id=eq.{sub}" }
///   "*" = true                           # every other table
///
/// A table with row-level security in the source is seen only where `rows` is declared
/// for it by name; `rows = "all"` declares that nothing is to be hidden. The role
/// service_role sees everything, and cannot be declared.
class Roles {
 public:
  /// Without [roles]: anon and authenticated see every table that had no row-level
  /// security in the source, as on Supabase.
  Roles();
  /// Throws kInvalidArgument, naming file and place, for what is not as above.
  static Roles Parse(std::string_view toml, std::string_view file);

  /// Throws ApiError, 401, for a role that there is not.
  Access AccessOf(const Caller& caller, const LakeSchema& schema) const;
  std::vector<std::string> Names() const;
  /// Tables and columns, "t.c", that are declared somewhere and that the lake does not
  /// have.
  std::vector<std::string> Unknown(const LakeSchema& schema) const;
  /// Tables that the role does not see because they had row-level security.
  std::vector<std::string> Closed(std::string_view role, const LakeSchema& schema) const;

 private:
  using Rules = std::map<std::string, TableRule, std::less<>>;  ///< By table, or "*".

  std::map<std::string, Rules, std::less<>> roles_;
};

}  // namespace shoestring
