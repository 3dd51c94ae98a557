#include "api/node_query.h"

#include <algorithm>
#include <map>
#include <set>

#include "api/api_error.h"
#include "api/filter_sql.h"
#include "engine/value_text.h"

namespace shoestring {

namespace {

using Kind = SqlExpression::Kind;
using Type = PostgresType::Kind;

[[noreturn]] void NoFunction(const char* name, const PostgresType& type) {
  throw ApiError(404, "42883",
                 fmt::format("function {}({}) does not exist", name, type.name))
      .WithHint(
          "No function matches the given name and argument types. You might need to add "
          "explicit type casts.");
}

/// What Postgres' sum() of the type gives.
PostgresType SumType(const PostgresType& type) {
  switch (type.kind) {
    case Type::kSmallint:
    case Type::kInteger: return PlainType(Type::kBigint);
    case Type::kBigint:
    case Type::kNumeric: return PlainType(Type::kNumeric);
    case Type::kReal:
    case Type::kDouble:
    case Type::kMoney: return type;
    default: NoFunction("sum", type);
  }
}

/// Orders by a JSON value: numbers as such, then as text.
void AddJsonOrder(const SqlExpression& value, SqlOrder order, std::vector<SqlOrder>* to) {
  SqlExpression number = SqlCall(Kind::kTryCast, {value});
  number.type = {.kind = SqlType::Kind::kDouble};
  order.expression = std::move(number);
  to->push_back(order);
  order.expression = value;
  to->push_back(std::move(order));
}

/// Collects the columns of one query.
class Collector {
 public:
  Collector(const ReadNode& node, NodeConditions* conditions)
      : conditions_(*conditions), node_(node), aggregated_(node.IsAggregated()) {
    result_.query.from = conditions_.Source(node, kNodeTable);
    result_.query.where = conditions_.Of(node, kNodeTable);
  }

  NodeQuery Take() && {
    for (OutputField& field : result_.fields) {
      AppendJsonString(field.key, &field.json_key);
      field.json_key += ':';
    }
    return std::move(result_);
  }

  void AddParentKeys(const std::string& table, const std::vector<std::string>& columns) {
    for (const std::string& column : columns) {
      result_.parent_keys.push_back(Column(table, column));
    }
  }

  void AddAll() {
    if (aggregated_) {
      AddAggregated(node_, kNodeTable);
      for (size_t i = 0; i < result_.query.items.size(); ++i) {
        if (!aggregates_.contains(i)) result_.query.group_by.push_back(i);
      }
      return;
    }
    for (const PlannedField& planned : node_.fields) AddPlain(planned);
    for (const ReadNode& embed : node_.embeds) AddEmbed(embed, kNodeTable);
  }

  /// The place of a column in the query's answer; the same for the same column.
  size_t Column(const std::string& table, const std::string& name) {
    const auto [found, added] = columns_.emplace(std::pair(table, name), 0);
    if (added) found->second = Item(SqlColumn(table, name));
    return found->second;
  }

  /// Groups come in an order of their own when none is asked for.
  void AddOrder() {
    for (const OrderTerm& term : node_.order) Order(term);
    if (!node_.order.empty()) return;
    for (const size_t item : result_.query.group_by) {
      result_.query.order.push_back({SqlColumn("", ItemName(item))});
    }
  }

 private:
  size_t Item(SqlExpression expression) {
    const size_t place = result_.query.items.size();
    result_.query.items.push_back({std::move(expression), ItemName(place)});
    return place;
  }

  /// Postgres gives money with the digits of its locale, a lake with two.
  bool IsMoney(const ApiColumn& column) const {
    return column.type.kind == Type::kMoney &&
           conditions_.dialect() == SqlDialect::kPostgres;
  }

  void AddPlain(const PlannedField& planned) {
    OutputField output;
    output.key = planned.key;
    output.type = planned.column->type;
    output.column = IsMoney(*planned.column)
                        ? Item(SqlCast(SqlColumn(kNodeTable, planned.column->name),
                                       planned.column->type.sql))
                        : Column(kNodeTable, planned.column->name);
    output.field = planned.field;
    output.cast = planned.cast;
    result_.fields.push_back(std::move(output));
  }

  void AddEmbed(const ReadNode& embed, const std::string& table) {
    if (embed.IsEmpty()) return;
    std::vector<size_t> places;
    for (const std::string& column : ParentKeyColumns(embed)) {
      places.push_back(Column(table, column));
    }
    result_.embeds.push_back(&embed);
    result_.embed_keys.push_back(std::move(places));
  }

  void AddAggregated(const ReadNode& node, const std::string& table) {
    for (const PlannedField& planned : node.fields) {
      if (planned.aggregate == Aggregate::kNone) {
        AddGroup(planned, table);
      } else {
        AddAggregate(planned, node, table);
      }
    }
    for (const ReadNode& embed : node.embeds) {
      if (embed.spread && embed.relation->to_one()) {
        AddAggregated(embed, Join(embed, table));
      } else {
        AddEmbed(embed, table);
      }
    }
  }

  /// Joins a to-one embed's table, with its filters; gives its alias.
  std::string Join(const ReadNode& embed, const std::string& table) {
    std::string alias = conditions_.NewAlias();
    std::vector<SqlExpression> on;
    for (const auto& [from, to] : embed.relation->columns) {
      on.push_back(SqlCall(Kind::kEqual, {SqlColumn(table, from), SqlColumn(alias, to)}));
    }
    for (SqlExpression& condition : conditions_.Of(embed, alias)) {
      on.push_back(std::move(condition));
    }
    result_.query.joins.push_back(
        {conditions_.Source(embed, alias), !embed.inner, SqlAnd(std::move(on))});
    joined_[&embed] = alias;
    return alias;
  }

  SqlExpression Operand(const PlannedField& planned, const std::string& table) const {
    SqlExpression value = FieldSql(planned.field, *planned.column, table);
    return planned.cast ? SqlCast(std::move(value), planned.cast->sql) : value;
  }

  static PostgresType OperandType(const PlannedField& planned) {
    return planned.cast ? *planned.cast : FieldType(planned.field, planned.column->type);
  }

  void AddGroup(const PlannedField& planned, const std::string& table) {
    OutputField output;
    output.key = planned.key;
    output.type = OperandType(planned);
    output.column = planned.cast || !planned.field.path.empty()
                        ? Item(Operand(planned, table))
                        : Column(table, planned.column->name);
    groups_.push_back({table, planned.field.name, planned.key, output.column});
    result_.fields.push_back(std::move(output));
  }

  void AddAggregate(const PlannedField& planned, const ReadNode& node,
                    const std::string& table) {
    OutputField output;
    output.key = planned.key;
    output.cast = planned.aggregate_cast;
    const auto add = [&](Kind kind, std::vector<SqlExpression> arguments) {
      const size_t place = Item(SqlCall(kind, std::move(arguments)));
      aggregates_.insert(place);
      return place;
    };
    if (!planned.column) {
      output.type = PlainType(Type::kBigint);
      output.column =
          table == kNodeTable
              ? add(Kind::kCountRows, {})
              : add(Kind::kCount, {SqlColumn(table, node.relation->columns[0].second)});
    } else {
      const PostgresType type = OperandType(planned);
      const SqlExpression operand = Operand(planned, table);
      switch (planned.aggregate) {
        case Aggregate::kCount:
          output.type = PlainType(Type::kBigint);
          output.column = add(Kind::kCount, {operand});
          break;
        case Aggregate::kSum:
          output.type = SumType(type);
          output.column = add(Kind::kSum, {Summand(operand, type)});
          break;
        case Aggregate::kAvg:
          output.type = SumType(type);
          output.column = add(Kind::kSum, {Summand(operand, type)});
          output.divisor = add(Kind::kCount, {operand});
          break;
        default:
          CheckOrdered(planned, type);
          output.type = type;
          output.column = add(
              planned.aggregate == Aggregate::kMin ? Kind::kMin : Kind::kMax, {operand});
      }
    }
    result_.fields.push_back(std::move(output));
  }

  /// A sum of bigints does not fit one, and a sum of reals is not exact as such.
  SqlExpression Summand(const SqlExpression& operand, const PostgresType& type) const {
    if (type.kind == Type::kBigint && conditions_.dialect() == SqlDialect::kTrino) {
      return SqlCast(operand, {.kind = SqlType::Kind::kDecimal, .precision = 38});
    }
    return operand;
  }

  static void CheckOrdered(const PlannedField& planned, const PostgresType& type) {
    if (type.kind != Type::kBoolean && !type.IsJson()) return;
    NoFunction(planned.aggregate == Aggregate::kMin ? "min" : "max", type);
  }

  SqlOrder Direction(const OrderTerm& term) const {
    SqlOrder order;
    order.descending = term.descending;
    order.nulls_first = term.nulls_first.value_or(term.descending);
    return order;
  }

  void Order(const OrderTerm& term) {
    SqlOrder order = Direction(term);
    if (aggregated_) {
      order.expression = SqlColumn("", ItemName(GroupOf(term)));
      result_.query.order.push_back(std::move(order));
      return;
    }
    if (term.field.text_early) return;
    const ReadNode* node = &node_;
    std::string table = kNodeTable;
    if (term.relation) {
      for (const ReadNode& embed : node_.embeds) {
        if (embed.key() == *term.relation) node = &embed;
      }
      table = joined_.contains(node) ? joined_[node] : OrderJoin(*node);
    }
    AddOrderOf(*node, term, table, std::move(order));
  }

  /// Rows without a match stay, whatever the embed: its own condition takes them away.
  std::string OrderJoin(const ReadNode& embed) {
    std::string alias = Join(embed, kNodeTable);
    result_.query.joins.back().left = true;
    return alias;
  }

  void AddOrderOf(const ReadNode& node, const OrderTerm& term, const std::string& table,
                  SqlOrder order) {
    Field field = term.field;
    if (!node.table->FindColumn(field.name)) {
      const auto same = std::ranges::find(node.fields, field.name, &PlannedField::key);
      if (same != node.fields.end() && field.path.empty()) field = same->field;
    }
    const ApiColumn& column = ResolveColumn(node, field.name, conditions_.visibility());
    SqlExpression value = FieldSql(field, column, table);
    const PostgresType type = FieldType(field, column.type);
    if (type.kind == Type::kJson && field.path.empty()) {
      throw ApiError(400, "42883",
                     "could not identify an ordering operator for type json")
          .WithHint("Use an explicit ordering operator or modify the query.");
    }
    if (type.IsJson() && conditions_.dialect() != SqlDialect::kPostgres) {
      return AddJsonOrder(value, std::move(order), &result_.query.order);
    }
    order.expression = std::move(value);
    result_.query.order.push_back(std::move(order));
  }

  size_t GroupOf(const OrderTerm& term) const {
    std::string table = kNodeTable;
    for (const auto& [embed, alias] : joined_) {
      if (term.relation && embed->key() == *term.relation) table = alias;
    }
    for (const Group& group : groups_) {
      const bool named = group.column == term.field.name || group.key == term.field.name;
      if (group.table == table && named) return group.place;
    }
    for (const OutputField& output : result_.fields) {
      if (!term.relation && output.key == term.field.name) return output.column;
    }
    throw ApiError(
        400, "42803",
        fmt::format("column \"{}.{}\" must appear in the GROUP BY clause or be used "
                    "in an aggregate function",
                    node_.sql_name, term.field.name));
  }

  struct Group {
    std::string table;
    std::string column;
    std::string key;
    size_t place;
  };

  NodeConditions& conditions_;
  const ReadNode& node_;
  const bool aggregated_;
  NodeQuery result_;
  std::map<std::pair<std::string, std::string>, size_t> columns_;
  std::set<size_t> aggregates_;
  std::vector<Group> groups_;
  std::map<const ReadNode*, std::string> joined_;
};

}  // namespace

std::string ItemName(size_t place) { return fmt::format("c{}", place); }

std::vector<std::string> ParentKeyColumns(const ReadNode& embed) {
  const auto& pairs =
      embed.relation->junction ? embed.relation->from_columns : embed.relation->columns;
  std::vector<std::string> names;
  for (const auto& [from, to] : pairs) names.push_back(from);
  return names;
}

NodeQuery CollectNodeQuery(const ReadNode& node, const std::string& key_table,
                           const std::vector<std::string>& key_columns,
                           NodeConditions* conditions) {
  Collector collector(node, conditions);
  collector.AddParentKeys(key_table, key_columns);
  collector.AddAll();
  collector.AddOrder();
  return std::move(collector).Take();
}

}  // namespace shoestring
