#include "api/roles.h"

#include <toml++/toml.h>

#include <algorithm>
#include <set>

#include "api/api_error.h"
#include "api/claims.h"
#include "api/request_query.h"
#include "base/error.h"
#include "base/terminal_text.h"

namespace shoestring {

namespace {

constexpr const char* kSection = "roles";
constexpr std::string_view kEveryTable = "*";
constexpr std::string_view kAllRows = "all";

[[noreturn]] void Wrong(std::string_view place, std::string_view what) {
  throw Fail(ErrorKind::kInvalidArgument, "{}: {}", place, what);
}

std::vector<std::string> ParseColumns(const toml::node& node, const std::string& place) {
  const toml::array* array = node.as_array();
  if (array == nullptr || array->empty()) Wrong(place, "columns is a list of names");
  std::vector<std::string> columns;
  for (const toml::node& item : *array) {
    const auto name = item.value<std::string>();
    if (!name || name->empty()) Wrong(place, "columns is a list of names");
    columns.push_back(*name);
  }
  return columns;
}

/// The grammar of URLs passes over what is no filter, which here would hide nothing.
bool IsPredicate(const std::string& rows) {
  constexpr int kDepth = 32;
  const auto filters = ParseRequestQuery(rows, /*function=*/false, kDepth).filters;
  const auto parts = 1 + static_cast<size_t>(std::ranges::count(rows, '&'));
  return filters.size() == parts && std::ranges::all_of(filters, [](const auto& filter) {
           return filter.first.empty();
         });
}

std::string ParseRows(const toml::node& node, const std::string& place) {
  constexpr std::string_view kWanted =
      "rows is \"all\", or filters of the table's own columns, such as "
      "\"user_id=eq.{sub}&deleted=is.false\"";
  const auto rows = node.value<std::string>();
  if (!rows) Wrong(place, kWanted);
  if (*rows == kAllRows) return *rows;
  try {
    if (!BracesAreClear(*rows)) {
      Wrong(place,
            fmt::format("braces in rows are a claim, {{sub}} or {{app_metadata.team}}, "
                        "not inside of other braces, or an array of values, "
                        "{{\"a b\"}}: {}",
                        *rows));
    }
    if (IsPredicate(*rows)) return *rows;
  } catch (const ApiError& error) {
    Wrong(place, fmt::format("{}: {}", kWanted, error.what()));
  }
  Wrong(place, kWanted);
}

TableRule ParseRule(const toml::node& node, const std::string& place) {
  TableRule rule;
  if (const auto* flag = node.as_boolean()) {
    rule.visible = flag->get();
    return rule;
  }
  const toml::table* table = node.as_table();
  if (table == nullptr) Wrong(place, "a table is true, false or { columns, rows }");
  for (const auto& [key, value] : *table) {
    if (key.str() == "columns") {
      rule.columns = ParseColumns(value, place);
    } else if (key.str() == "rows") {
      rule.rows = ParseRows(value, place);
    } else {
      Wrong(place, fmt::format("columns and rows can be declared, not {}; the name of "
                               "a table with its schema needs quotes",
                               InQuotes(key.str())));
    }
  }
  return rule;
}

const TableRule* Find(const std::map<std::string, TableRule, std::less<>>& rules,
                      const ApiTable& table) {
  auto found = rules.find(table.lake_name);
  if (found == rules.end() && !table.row_security) found = rules.find(kEveryTable);
  return found == rules.end() || !found->second.visible ? nullptr : &found->second;
}

bool IsClosed(const TableRule& rule, const ApiTable& table) {
  return table.row_security && !rule.rows;
}

TableAccess AccessBy(const TableRule& rule) {
  TableAccess access{rule.columns, rule.rows.value_or("")};
  if (access.rows == kAllRows) access.rows.clear();
  return access;
}

}  // namespace

Roles::Roles() {
  for (const auto* name : {"anon", "authenticated"}) {
    roles_[name][std::string(kEveryTable)] = TableRule();
  }
}

Roles Roles::Parse(std::string_view text, std::string_view file) {
  toml::table document;
  try {
    document = toml::parse(text);
  } catch (const toml::parse_error& error) {
    throw Fail(ErrorKind::kInvalidArgument, "{}, line {}: {}", file,
               error.source().begin.line, error.description());
  }
  const toml::node* section = document.get(kSection);
  if (section == nullptr) return {};
  if (!section->is_table()) Wrong(file, "[roles.NAME] declares what a role may see");
  Roles roles;
  roles.roles_.clear();
  for (const auto& [role, tables] : *section->as_table()) {
    const std::string place = fmt::format("{}: [roles.{}]", file, role.str());
    if (role.str() == kServiceRole) Wrong(place, "this role sees everything");
    if (!tables.is_table()) Wrong(place, "a role is a section");
    Rules& rules = roles.roles_[std::string(role.str())];
    for (const auto& [table, node] : *tables.as_table()) {
      rules[std::string(table.str())] =
          ParseRule(node, fmt::format("{} {}", place, table.str()));
    }
  }
  return roles;
}

Access Roles::AccessOf(const Caller& caller, const LakeSchema& schema) const {
  Access access;
  access.role = caller.role;
  access.claims = caller.claims;
  access.signed_in = caller.role != kAnonRole;
  access.service = caller.is_service();
  if (access.service) return access;
  const auto role = roles_.find(caller.role);
  if (role == roles_.end()) {
    constexpr int kUnauthorized = 401;
    throw ApiError(kUnauthorized, "22023",
                   fmt::format("role \"{}\" does not exist", caller.role));
  }
  for (const auto& [name, table] : schema.tables) {
    const TableRule* rule = Find(role->second, table);
    if (rule == nullptr || IsClosed(*rule, table)) continue;
    access.tables.emplace(name, AccessBy(*rule));
  }
  return access;
}

std::vector<std::string> Roles::Names() const {
  std::vector<std::string> names;
  for (const auto& [name, rules] : roles_) names.push_back(name);
  return names;
}

std::vector<std::string> Roles::Unknown(const LakeSchema& schema) const {
  std::set<std::string> unknown;
  for (const auto& [role, rules] : roles_) {
    for (const auto& [table, rule] : rules) {
      const auto found = schema.tables.find(table);
      if (found == schema.tables.end()) {
        if (table != kEveryTable) unknown.insert(table);
        continue;
      }
      for (const std::string& column :
           rule.columns.value_or(std::vector<std::string>())) {
        if (!found->second.FindColumn(column))
          unknown.insert(fmt::format("{}.{}", table, column));
      }
    }
  }
  return {unknown.begin(), unknown.end()};
}

std::vector<std::string> Roles::Closed(std::string_view role,
                                       const LakeSchema& schema) const {
  std::vector<std::string> closed;
  const auto rules = roles_.find(role);
  if (rules == roles_.end()) return closed;
  for (const auto& [name, table] : schema.tables) {
    const auto rule = rules->second.find(name);
    const bool declared = rule != rules->second.end();
    if (!table.row_security || (declared && rule->second.rows)) continue;
    if (!declared || rule->second.visible) closed.push_back(name);
  }
  return closed;
}

}  // namespace shoestring
