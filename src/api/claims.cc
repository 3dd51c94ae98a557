#include "api/claims.h"

#include <boost/json.hpp>

#include <algorithm>
#include <cctype>

#include "base/json.h"

namespace shoestring {

namespace {

const boost::json::value* Member(const boost::json::value& value, std::string_view name) {
  return value.is_object() ? value.get_object().if_contains(name) : nullptr;
}

}  // namespace

std::optional<std::string> ClaimText(const std::string& claims, std::string_view path) {
  const boost::json::value document = ParseJsonNumbersAsText(claims, "claims");
  const boost::json::value* value = Member(document, path);
  if (!value) {
    value = &document;
    while (value && !path.empty()) {
      const std::string_view part = path.substr(0, path.find('.'));
      value = Member(*value, part);
      path.remove_prefix(std::min(path.size(), part.size() + 1));
    }
  }
  if (!value || value->is_null()) return std::nullopt;
  if (value->is_string()) return std::string(value->get_string());
  return boost::json::serialize(*value);
}

bool IsClaimName(std::string_view name) {
  if (name.empty() || (name[0] >= '0' && name[0] <= '9')) return false;
  return std::ranges::all_of(name, [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) ||
           std::string_view("_.-:/").find(c) != std::string_view::npos;
  });
}

bool BracesAreClear(std::string_view predicate) {
  // What an array or JSON has, and no name that was meant to be a claim's.
  constexpr std::string_view kOfValues = "\",";
  int depth = 0;
  for (size_t at = predicate.find_first_of("{}"); at != predicate.npos;
       at = predicate.find_first_of("{}", at + 1)) {
    if (predicate[at] == '}') {
      if (--depth < 0) return false;
      continue;
    }
    ++depth;
    const std::string_view rest = predicate.substr(at + 1);
    const std::string_view inside = rest.substr(0, rest.find_first_of("{}"));
    if (inside.size() == rest.size()) return false;
    const bool is_claim = IsClaimName(inside) && rest[inside.size()] == '}';
    const bool is_value = inside.empty() || std::isdigit(inside[0]) ||
                          inside.find_first_of(kOfValues) != inside.npos;
    if (is_claim ? depth > 1 : !is_value) return false;
  }
  return depth == 0;
}

}  // namespace shoestring
