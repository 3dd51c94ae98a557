#pragma once

#include <optional>
#include <vector>

#include "api/node_query.h"

namespace shoestring {

/// Writes the queries of a plan: one a node, flat, children found by the keys of their
/// parents. Throws ApiError for what does not fit.
class ReadQueryWriter {
 public:
  ReadQueryWriter(SqlDialect dialect, const Visibility* visibility, NodeSource root = {},
                  std::optional<TimeZone> zone = {})
      : conditions_(dialect, visibility, std::move(root), std::move(zone)) {}

  /// The first table's, at most `limit` rows from `offset` on.
  NodeQuery Root(const ReadNode& node, std::optional<int64_t> limit, int64_t offset);
  /// Those of an embed for parents with these keys, one after the other: as many values a
  /// parent as the relation has columns. At most `limit` rows a parent.
  NodeQuery Children(const ReadNode& node, std::vector<SqlExpression> keys,
                     std::optional<int64_t> limit);
  /// count(*) of the first table's rows.
  SqlQuery Count(const ReadNode& node);
  /// Whether nothing limits the rows that are counted.
  bool CountsAll(const ReadNode& node) const { return conditions_.AreNone(node); }

  /// Types of a relation's key on the side of the embed.
  static std::vector<SqlType> ChildKeyTypes(const ReadNode& node);

 private:
  NodeConditions conditions_;
};

}  // namespace shoestring
