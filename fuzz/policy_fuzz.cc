// Expressions of policies: whatever the text, it is translated or left; what comes out is
// printable and names no claim that the text has no string or function for.
#include <algorithm>

#include "base/bytes.h"
#include "fuzz/expectation.h"
#include "source/policy_draft.h"
#include "source/policy_expression.h"

namespace {

using namespace shoestring;

void CheckRows(std::string_view rows) {
  Require(
      std::ranges::all_of(rows, [](unsigned char c) { return c >= ' ' && c != 0x7F; }));
  const auto count = [&](char c) { return std::ranges::count(rows, c); };
  Require(count('{') == count('}'));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text = AsText(Bytes(data, size));
  const auto condition = ReadPolicyExpression(text, "authenticated");
  if (condition) CheckRows(FormatRows(*condition));
  Policy policy;
  policy.name = policy.using_text = text;
  policy.command = "ALL";
  policy.roles = {"public"};
  for (const RowsDraft& role : DraftRows({policy}).roles) CheckRows(role.rows);
  return 0;
}
