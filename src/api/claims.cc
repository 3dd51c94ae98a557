#include "api/claims.h"

#include <boost/json.hpp>

#include <algorithm>

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

}  // namespace shoestring
