#include "api/node_conditions.h"

#include <fmt/format.h>

#include <algorithm>

#include "api/filter_sql.h"

namespace shoestring {

using Kind = SqlExpression::Kind;

std::string NodeConditions::NewAlias() { return fmt::format("e{}", ++aliases_); }

SqlSource NodeConditions::Source(const ReadNode& node, const std::string& alias) const {
  if (root_ && !node.relation) {
    SqlSource source = *root_;
    source.alias = alias;
    return source;
  }
  return {.schema = node.table->schema,
          .table = node.table->name,
          .lake_name = node.table->lake_name,
          .alias = alias};
}

SqlExpression NodeConditions::Tree(const LogicTree& tree, const ReadNode& node,
                                   const std::string& table, bool trusted) {
  if (!tree.filter) {
    std::vector<SqlExpression> parts;
    for (const LogicTree& part : tree.parts)
      parts.push_back(Tree(part, node, table, trusted));
    SqlExpression joined = tree.any ? SqlOr(std::move(parts)) : SqlAnd(std::move(parts));
    return tree.negated ? SqlNot(std::move(joined)) : joined;
  }
  const Filter& filter = *tree.filter;
  if (const ReadNode* embed = trusted ? nullptr : NullFilteredEmbed(node, filter)) {
    SqlExpression has = SqlCall(Kind::kIsTrue, {HasEmbed(*embed, table)});
    return filter.negated ? has : SqlNot(std::move(has));
  }
  // A role's own predicate may speak of columns that the role does not see, and means the
  // same whatever the client prefers.
  const ApiColumn* column = trusted ? node.table->FindColumn(filter.field.name) : nullptr;
  return FilterSql(filter,
                   column ? *column : ResolveColumn(node, filter.field.name, visibility_),
                   table, dialect_, trusted ? std::nullopt : zone_);
}

std::vector<SqlExpression> NodeConditions::Of(const ReadNode& node,
                                              const std::string& table) {
  std::vector<SqlExpression> conditions;
  if (const auto rows = visibility_.Rows(*node.table)) {
    conditions.push_back(Tree(*rows, node, table, /*trusted=*/true));
  }
  for (const LogicTree& tree : node.filters) {
    conditions.push_back(Tree(tree, node, table, /*trusted=*/false));
  }
  // Of the one row of a to-one embed nothing is left.
  const bool none = node.offset > 0 || node.limit == 0;
  if (none && node.relation && node.relation->to_one()) {
    conditions.push_back(SqlBoolean(false));
  }
  for (const ReadNode& embed : node.embeds) {
    if (embed.inner) conditions.push_back(HasEmbed(embed, table));
  }
  return conditions;
}

SqlJoin NodeConditions::Junction(const Relation& relation, const std::string& to,
                                 const std::string& alias) {
  std::vector<SqlExpression> on;
  for (const auto& [column, junction] : relation.to_columns) {
    on.push_back(
        SqlCall(Kind::kEqual, {SqlColumn(to, column), SqlColumn(alias, junction)}));
  }
  ReadNode node;
  node.table = relation.junction;
  if (const auto rows = visibility_.Rows(*node.table)) {
    on.push_back(Tree(*rows, node, alias, /*trusted=*/true));
  }
  return {{.schema = node.table->schema,
           .table = node.table->name,
           .lake_name = node.table->lake_name,
           .alias = alias},
          /*left=*/false,
          SqlAnd(std::move(on))};
}

SqlExpression NodeConditions::HasEmbed(const ReadNode& embed, const std::string& table) {
  const Relation& relation = *embed.relation;
  const std::string alias = NewAlias();
  SqlQuery query;
  query.from = Source(embed, alias);
  query.where = Of(embed, alias);
  const std::string junction = relation.junction ? NewAlias() : "";
  if (relation.junction) query.joins.push_back(Junction(relation, alias, junction));
  std::vector<SqlExpression> row;
  for (const auto& [from, to] :
       relation.junction ? relation.from_columns : relation.columns) {
    row.push_back(SqlColumn(table, from));
    query.items.push_back({SqlColumn(relation.junction ? junction : alias, to), ""});
  }
  return SqlInQuery(std::move(row), std::move(query));
}

bool NodeConditions::AreNone(const ReadNode& node) const {
  if (root_ || !node.filters.empty() || visibility_.Rows(*node.table)) return false;
  return std::ranges::none_of(node.embeds,
                              [](const ReadNode& embed) { return embed.inner; });
}

}  // namespace shoestring
