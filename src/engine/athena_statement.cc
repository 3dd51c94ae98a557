#include "engine/athena_statement.h"

#include <algorithm>
#include <string_view>

#include "base/error.h"
#include "engine/trino_statement.h"

namespace shoestring {

namespace {

constexpr size_t kLongestParameter = 1024;
constexpr size_t kLongestStatement = 262'144;

/// How long what begins here is in which a `?` means nothing: a text, a quoted name, a
/// comment; 0 when none does.
size_t OpaqueLength(std::string_view sql) {
  const auto until = [&](std::string_view end, size_t from) {
    const size_t found = sql.find(end, from);
    return found == std::string_view::npos ? sql.size() : found + end.size();
  };
  switch (sql.front()) {
    // A doubled quote ends one text and begins the next.
    case '\'': return until("'", 1);
    case '"': return until("\"", 1);
    case '`': return until("`", 1);
    case '-': return sql.starts_with("--") ? until("\n", 2) : 0;
    case '/': return sql.starts_with("/*") ? until("*/", 2) : 0;
    default: return 0;
  }
}

/// Where the placeholders stand.
std::vector<size_t> Placeholders(std::string_view sql) {
  std::vector<size_t> found;
  for (size_t at = 0; at < sql.size();) {
    const size_t opaque = OpaqueLength(sql.substr(at));
    if (opaque == 0 && sql[at] == '?') found.push_back(at);
    at += std::max<size_t>(opaque, 1);
  }
  return found;
}

}  // namespace

AthenaStatement MakeAthenaStatement(const Statement& statement) {
  const std::string& sql = statement.sql;
  const auto places = Placeholders(sql);
  if (places.size() != statement.parameters.size()) {
    throw Fail(ErrorKind::kInvalidArgument,
               "The statement has {} placeholders (?), and {} values", places.size(),
               statement.parameters.size());
  }
  AthenaStatement made;
  size_t copied = 0;
  for (size_t i = 0; i < places.size(); ++i) {
    std::string literal = TrinoLiteral(statement.parameters[i]);
    if (literal.size() <= kLongestParameter) {
      made.parameters.push_back(std::move(literal));
      continue;
    }
    made.sql += sql.substr(copied, places[i] - copied) + literal;
    copied = places[i] + 1;
  }
  made.sql += sql.substr(copied);
  if (made.sql.size() > kLongestStatement) {
    throw Fail(ErrorKind::kLimit, "Athena takes statements of up to {} bytes, not: {}",
               kLongestStatement, made.sql.size());
  }
  return made;
}

}  // namespace shoestring
