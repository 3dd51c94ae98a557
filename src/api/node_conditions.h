#pragma once

#include <optional>
#include <string>
#include <vector>

#include "api/read_plan.h"
#include "sql/dialect.h"

namespace shoestring {

/// A raw statement in the place of the first table: a function's.
using NodeSource = std::optional<SqlSource>;

/// Where a node's rows come from and which of them are asked for: its filters, its inner
/// embeds, and what the role may see. One a request; throws ApiError for filters that do
/// not fit.
class NodeConditions {
 public:
  /// `zone`: of moments in filters that name none.
  NodeConditions(SqlDialect dialect, const Visibility* visibility, NodeSource root = {},
                 std::optional<TimeZone> zone = {})
      : dialect_(dialect),
        visibility_(*visibility),
        root_(std::move(root)),
        zone_(std::move(zone)) {}

  SqlDialect dialect() const { return dialect_; }
  const Visibility& visibility() const { return visibility_; }

  SqlSource Source(const ReadNode& node, const std::string& alias) const;
  /// All of them, `table` being the alias of the node's.
  std::vector<SqlExpression> Of(const ReadNode& node, const std::string& table);
  /// The junction of a many-to-many relation, joined to its far side.
  SqlJoin Junction(const Relation& relation, const std::string& to,
                   const std::string& alias);
  /// Whether all rows of the table are asked for.
  bool AreNone(const ReadNode& node) const;
  /// An alias that no other table of the request has.
  std::string NewAlias();

 private:
  SqlExpression Tree(const LogicTree& tree, const ReadNode& node,
                     const std::string& table, bool trusted);
  SqlExpression HasEmbed(const ReadNode& embed, const std::string& table);

  const SqlDialect dialect_;
  const Visibility& visibility_;
  const NodeSource root_;
  const std::optional<TimeZone> zone_;
  int aliases_ = 0;
};

}  // namespace shoestring
