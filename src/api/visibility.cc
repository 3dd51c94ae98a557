#include <algorithm>

#include "api/api_error.h"
#include "api/claims.h"
#include "api/read_plan.h"
#include "base/error.h"

namespace shoestring {

namespace {

constexpr int kPredicateDepth = 32;

/// Puts claims in the places of {…}; false when one is missing.
class ClaimFiller {
 public:
  explicit ClaimFiller(const std::string& claims) : claims_(claims) {}

  bool Fill(LogicTree* tree) const {
    if (tree->filter) {
      if (!Fill(&tree->filter->value)) return false;
      return std::ranges::all_of(tree->filter->values,
                                 [&](std::string& value) { return Fill(&value); });
    }
    return std::ranges::all_of(tree->parts, [&](LogicTree& part) { return Fill(&part); });
  }

 private:
  bool Fill(std::string* text) const {
    std::string filled;
    std::string_view rest = *text;
    while (!rest.empty()) {
      const size_t open = rest.find('{');
      const size_t close = rest.find('}', open == rest.npos ? 0 : open);
      if (open == rest.npos || close == rest.npos) break;
      const std::string_view name = rest.substr(open + 1, close - open - 1);
      filled += rest.substr(0, open);
      if (IsClaimName(name)) {
        const auto value = ClaimText(claims_, name);
        if (!value) return false;
        filled += *value;
      } else {
        filled += rest.substr(open, close + 1 - open);
      }
      rest.remove_prefix(close + 1);
    }
    *text = filled + std::string(rest);
    return true;
  }

  const std::string& claims_;
};

/// What no row passes.
LogicTree Nothing() {
  LogicTree nothing;
  nothing.any = true;
  return nothing;
}

}  // namespace

const TableAccess* Visibility::Find(const ApiTable& table) const {
  const auto found = access_.tables.find(table.lake_name);
  return found == access_.tables.end() ? nullptr : &found->second;
}

bool Visibility::Sees(const ApiTable& table) const {
  return access_.service || access_.all_tables || Find(table) != nullptr;
}

bool Visibility::Sees(const ApiTable& table, const ApiColumn& column) const {
  if (access_.service) return true;
  const TableAccess* access = Find(table);
  if (!access) return access_.all_tables;
  return !access->columns ||
         std::ranges::find(*access->columns, column.name) != access->columns->end();
}

void Visibility::Check(const ApiTable& table) const {
  if (Sees(table)) return;
  ApiError error(access_.signed_in ? 403 : 401, "42501",
                 fmt::format("permission denied for table {}", table.name));
  if (access_.signed_in) throw error;
  throw std::move(error).WithHeader("WWW-Authenticate", "Bearer");
}

std::optional<LogicTree> Visibility::Rows(const ApiTable& table) const {
  if (access_.service) return std::nullopt;
  const TableAccess* access = Find(table);
  if (!access || access->rows.empty()) return std::nullopt;
  LogicTree all;
  for (auto& [path, tree] :
       ParseRequestQuery(access->rows, /*function=*/false, kPredicateDepth).filters) {
    if (!path.empty()) {
      throw Fail(ErrorKind::kInvalidArgument,
                 "A row predicate speaks of its own table's columns only: {}",
                 access->rows);
    }
    all.parts.push_back(std::move(tree));
  }
  return ClaimFiller(access_.claims).Fill(&all) ? std::move(all) : Nothing();
}

}  // namespace shoestring
