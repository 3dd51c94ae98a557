#include "source/policy_draft.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "base/terminal_text.h"
#include "source/policy_expression.h"

namespace shoestring {

namespace {

/// Roles that the API has no need to be told of, since they see everything or never ask.
constexpr std::string_view kElsewhere[] = {"postgres", "service_role", "supabase_admin"};

bool IsForReading(const Policy& policy) {
  return policy.command == "SELECT" || policy.command == "ALL";
}

bool Holds(const Policy& policy, const std::string& role) {
  return std::ranges::any_of(policy.roles, [&](const std::string& named) {
    return named == "public" || named == role;
  });
}

/// Those that are named, and both of Supabase's where everybody is.
std::set<std::string> RolesOf(const std::vector<Policy>& policies) {
  std::set<std::string> roles;
  for (const Policy& policy : policies) {
    for (const std::string& role : policy.roles) {
      if (role == "public") {
        roles.insert({"anon", "authenticated"});
      } else if (std::ranges::find(kElsewhere, role) == std::end(kElsewhere)) {
        roles.insert(role);
      }
    }
  }
  return roles;
}

std::string OpenText(const Policy& policy, const std::string& role) {
  return fmt::format(
      "{}: policy {} could not be translated, so {}: {}", role, InQuotes(policy.name),
      policy.permissive ? "what it shows is not shown" : "the table stays closed",
      policy.using_text);
}

/// What a role sees; what could not be translated goes to `open`.
RowCondition ConditionOf(const std::vector<Policy>& policies, const std::string& role,
                         std::vector<std::string>* open) {
  std::vector<RowCondition> shown;
  std::vector<RowCondition> needed;
  for (const Policy& policy : policies) {
    if (!IsForReading(policy) || !Holds(policy, role)) continue;
    auto condition = ReadPolicyExpression(policy.using_text, role);
    if (!condition) open->push_back(OpenText(policy, role));
    if (policy.permissive) {
      if (condition) shown.push_back(*std::move(condition));
    } else {
      needed.push_back(condition ? *std::move(condition) : AnyOf({}));
    }
  }
  needed.push_back(AnyOf(std::move(shown)));
  return AllOf(std::move(needed));
}

/// A string of TOML, whatever is in it.
std::string Quoted(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < ' ' || c == 0x7F) {
      quoted += fmt::format("\\u{:04x}", c);
      continue;
    }
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + "\"";
}

bool IsBareKey(std::string_view name) {
  return !name.empty() && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           c == '_' || c == '-';
  });
}

std::string Key(const std::string& name) { return IsBareKey(name) ? name : Quoted(name); }

}  // namespace

PolicyDraft DraftRows(const std::vector<Policy>& policies) {
  PolicyDraft draft;
  for (const std::string& role : RolesOf(policies)) {
    std::string rows = FormatRows(ConditionOf(policies, role, &draft.open));
    if (!rows.empty()) draft.roles.push_back({role, std::move(rows)});
  }
  return draft;
}

std::vector<std::string> FormatDrafts(const std::vector<TableDraft>& drafts) {
  std::map<std::string, std::vector<std::string>> sections;
  std::vector<std::string> remarks;
  for (const auto& [table, draft] : drafts) {
    for (const auto& [role, rows] : draft.roles) {
      sections[role].push_back(
          fmt::format("{} = {{ rows = {} }}", Key(table), Quoted(rows)));
    }
    if (draft.roles.empty()) remarks.push_back(fmt::format("# {}: closed to all", table));
    for (const std::string& what : draft.open) {
      remarks.push_back(fmt::format("# {}, {}", table, what));
    }
  }
  std::vector<std::string> lines;
  for (const auto& [role, tables] : sections) {
    lines.push_back(fmt::format("[roles.{}]", Key(role)));
    lines.insert(lines.end(), tables.begin(), tables.end());
  }
  lines.insert(lines.end(), remarks.begin(), remarks.end());
  return lines;
}

}  // namespace shoestring
