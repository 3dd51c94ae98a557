#include "api/read_query.h"

#include <utility>

namespace shoestring {

namespace {

using Kind = SqlExpression::Kind;

/// Columns of the embed, or of its junction, that hold the keys of parents.
std::vector<std::string> ChildKeyColumns(const Relation& relation) {
  std::vector<std::string> names;
  for (const auto& [from, to] :
       relation.junction ? relation.from_columns : relation.columns) {
    names.push_back(to);
  }
  return names;
}

/// Numbers the rows of each parent, and keeps those in the range.
void KeepRange(const std::vector<SqlExpression>& parents, std::optional<int64_t> limit,
               int64_t offset, SqlQuery* query) {
  SqlExpression number = SqlCall(Kind::kRowNumber, parents);
  number.order = std::exchange(query->order, {});
  SqlQuery outer;
  for (size_t i = 0; i < query->items.size(); ++i) {
    outer.items.push_back({SqlColumn("n", ItemName(i)), ItemName(i)});
  }
  query->items.push_back({std::move(number), "row"});
  outer.from.query = std::make_shared<const SqlQuery>(std::move(*query));
  outer.from.alias = "n";
  const SqlExpression place = SqlColumn("n", "row");
  const auto number_of = [](int64_t value) {
    return SqlValue(value, {.kind = SqlType::Kind::kBigint});
  };
  if (offset > 0)
    outer.where.push_back(SqlCall(Kind::kGreater, {place, number_of(offset)}));
  if (limit) {
    outer.where.push_back(SqlCall(Kind::kLessEqual, {place, number_of(offset + *limit)}));
  }
  outer.order = {{place}};
  *query = std::move(outer);
}

}  // namespace

std::vector<SqlType> ReadQueryWriter::ChildKeyTypes(const ReadNode& node) {
  const Relation& relation = *node.relation;
  const ApiTable* table = relation.junction ? relation.junction : relation.to;
  std::vector<SqlType> types;
  for (const auto& [from, to] :
       relation.junction ? relation.from_columns : relation.columns) {
    const ApiColumn* column = table->FindColumn(to);
    types.push_back(column ? column->type.sql : SqlType());
  }
  return types;
}

NodeQuery ReadQueryWriter::Root(const ReadNode& node, std::optional<int64_t> limit,
                                int64_t offset) {
  NodeQuery result = CollectNodeQuery(node, kNodeTable, {}, &conditions_);
  if (result.query.items.empty()) result.query.items.push_back({SqlBoolean(true), "c0"});
  result.query.limit = limit;
  result.query.offset = offset;
  return result;
}

NodeQuery ReadQueryWriter::Children(const ReadNode& node, std::vector<SqlExpression> keys,
                                    std::optional<int64_t> limit) {
  const Relation& relation = *node.relation;
  const char* key_table = relation.junction ? kNodeJunction : kNodeTable;
  const std::vector<std::string> columns = ChildKeyColumns(relation);
  NodeQuery result = CollectNodeQuery(node, key_table, columns, &conditions_);
  SqlQuery& query = result.query;
  if (relation.junction) {
    query.joins.insert(query.joins.begin(),
                       conditions_.Junction(relation, kNodeTable, kNodeJunction));
  }
  std::vector<SqlExpression> in;
  for (const std::string& column : columns) in.push_back(SqlColumn(key_table, column));
  const std::vector<SqlExpression> parents = in;
  for (SqlExpression& key : keys) in.push_back(std::move(key));
  SqlExpression rows = SqlCall(Kind::kInRows, std::move(in));
  rows.width = columns.size();
  query.where.push_back(std::move(rows));

  if (node.IsAggregated() || relation.to_one()) return result;
  if (relation.junction && query.order.empty()) {
    for (const std::string& column : node.table->primary_key) {
      query.order.push_back({SqlColumn(kNodeTable, column)});
    }
  }
  if (limit || node.offset > 0) KeepRange(parents, limit, node.offset, &query);
  return result;
}

SqlQuery ReadQueryWriter::Count(const ReadNode& node) {
  SqlQuery query;
  query.items = {{SqlCall(Kind::kCountRows, {}), "c0"}};
  query.from = conditions_.Source(node, kNodeTable);
  query.where = conditions_.Of(node, kNodeTable);
  return query;
}

}  // namespace shoestring
