#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace shoestring {

/// A condition on a row, as far as the filter grammar of the API has it.
struct RowCondition {
  enum class Kind {
    kTrue,
    kFalse,
    kFilter,  ///< column.op.value
    kAnd,
    kOr,
    kNot,  ///< Of one part.
  };
  Kind kind = Kind::kTrue;
  std::string column;
  std::string op;                  ///< "eq", "is", "in", …
  std::vector<std::string> texts;  ///< The value; of "in" all of them.
  bool claim = false;  ///< texts[0] is the path of a claim: "app_metadata.team".
  std::vector<RowCondition> parts;
};

/// Reads an expression as pg_get_expr() writes those of policies, for a caller of this
/// role: comparisons of columns with literals and claims (auth.uid(), auth.jwt() ->> 'x',
/// auth.role(), current_setting('request.jwt.claims')), lists, IS NULL, booleans, and
/// what AND, OR and NOT make of them. Pure; nothing for all else, whatever the text.
std::optional<RowCondition> ReadPolicyExpression(std::string_view text,
                                                 std::string_view role);

/// "all" for what is true for every row, "" for what is true for none, else the condition
/// in the filter grammar of URLs: "user_id=eq.{sub}&deleted=is.false".
std::string FormatRows(const RowCondition& condition);

RowCondition AllOf(std::vector<RowCondition> parts);
RowCondition AnyOf(std::vector<RowCondition> parts);

}  // namespace shoestring
