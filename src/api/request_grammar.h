#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "api/request_query.h"

namespace shoestring {

/// What is left of nesting while a text is read.
struct NestingLimit {
  int left = 0;
};

/// The pieces of PostgREST's grammar, pure: each throws ApiError PGRST100.
std::vector<SelectItem> ParseSelect(std::string_view text, NestingLimit limit);
/// A key: embeds before the last dot, then a field.
std::pair<EmbedPath, Field> ParseTreePath(std::string_view text);
/// "not.eq.5" for a field that stood elsewhere.
Filter ParseFilter(std::string_view text);
/// True when `text` begins as a filter does: a function's argument does not.
bool IsFilter(std::string_view text);
/// A key such as "projects.not.or" and its value, "(id.eq.1,id.eq.2)".
std::pair<EmbedPath, LogicTree> ParseLogic(std::string_view key, std::string_view value,
                                           NestingLimit limit);
std::vector<OrderTerm> ParseOrder(std::string_view text);
std::vector<std::string> ParseColumns(std::string_view text);

}  // namespace shoestring
