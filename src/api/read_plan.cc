#include "api/read_plan.h"

#include <algorithm>

#include "api/api_error.h"
#include "api/request_query.h"
#include "base/nearest_name.h"

namespace shoestring {

namespace {

const char* AggregateName(Aggregate aggregate) {
  switch (aggregate) {
    case Aggregate::kNone: return "";
    case Aggregate::kCount: return "count";
    case Aggregate::kSum: return "sum";
    case Aggregate::kAvg: return "avg";
    case Aggregate::kMin: return "min";
    case Aggregate::kMax: return "max";
  }
  return "";
}

/// The last key of data->a->0->b->1 is "b", that of data->0 "data".
std::string KeyOf(const SelectItem& item) {
  if (item.alias) return *item.alias;
  if (item.aggregate != Aggregate::kNone) return AggregateName(item.aggregate);
  for (auto step = item.field.path.rbegin(); step != item.field.path.rend(); ++step) {
    if (const auto* key = std::get_if<std::string>(&*step)) return *key;
  }
  return item.field.name;
}

[[noreturn]] void NotEmbedded(const std::string& name) {
  throw ApiError(400, "PGRST108",
                 fmt::format("'{}' is not an embedded resource in this request", name))
      .WithHint(fmt::format(
          "Verify that '{}' is included in the 'select' query parameter.", name));
}

[[noreturn]] void NoOperator(const Field& field) {
  const bool index = std::holds_alternative<int64_t>(field.path.back());
  throw ApiError(
      404, "42883",
      fmt::format("operator does not exist: text -> {}", index ? "integer" : "unknown"))
      .WithHint(
          "No operator matches the given name and argument types. You might need to add "
          "explicit type casts.");
}

class Planner {
 public:
  Planner(const RelationIndex& relations, const Visibility& visibility)
      : relations_(relations), visibility_(visibility) {}

  ReadNode Root(const ApiTable& table, const RequestQuery& query) {
    visibility_.Check(table);
    ReadNode root;
    root.table = &table;
    root.name = table.name;
    root.sql_name = table.name;
    AddEmbeds(query.select, 0, &root);
    return root;
  }

  /// Of the node and its embeds; apart, since what is wrong with relations is told first.
  void AddFields(const std::vector<SelectItem>& items, ReadNode* node) {
    if (items.empty() && !node->relation) AddStar(node);
    auto embed = node->embeds.begin();
    for (const SelectItem& item : items) {
      if (item.embed) {
        AddFields(item.items, &*embed++);
      } else {
        AddField(item, node);
      }
    }
    if (node->spread && !node->relation->to_one() && node->IsAggregated()) {
      throw ApiError(400, "PGRST127", "Feature not implemented")
          .WithDetails(
              "Aggregates are not implemented for one-to-many or many-to-many spreads.");
    }
  }

 private:
  void AddEmbeds(const std::vector<SelectItem>& items, int depth, ReadNode* node) {
    for (const SelectItem& item : items) {
      if (item.embed) node->embeds.push_back(Embed(item, depth + 1, *node));
    }
  }

  ReadNode Embed(const SelectItem& item, int depth, const ReadNode& parent) {
    ReadNode node;
    node.relation =
        &relations_.Find(*parent.table, item.relation, item.hint ? &*item.hint : nullptr);
    node.table = node.relation->to;
    visibility_.Check(*node.table);
    if (node.relation->junction) visibility_.Check(*node.relation->junction);
    node.name = item.relation;
    node.alias = item.alias;
    node.inner = item.inner;
    node.spread = item.spread;
    node.sql_name = fmt::format("{}_{}", node.table->name, depth);
    AddEmbeds(item.items, depth, &node);
    return node;
  }

  void AddStar(ReadNode* node) {
    for (const ApiColumn& column : node->table->columns) {
      if (column.partition || !visibility_.Sees(*node->table, column)) continue;
      PlannedField field;
      field.key = column.name;
      field.field.name = column.name;
      field.column = &column;
      node->fields.push_back(std::move(field));
    }
  }

  void AddField(const SelectItem& item, ReadNode* node) {
    if (item.field.name == "*" && item.aggregate == Aggregate::kNone)
      return AddStar(node);
    PlannedField field;
    field.key = KeyOf(item);
    field.field = item.field;
    field.aggregate = item.aggregate;
    if (item.field.text_early) NoOperator(item.field);
    if (item.field.name == "count" && item.field.path.empty() &&
        !node->table->FindColumn("count")) {
      field.aggregate = Aggregate::kCount;
    } else if (item.field.name != "*") {
      field.column = &ResolveColumn(*node, item.field.name, visibility_);
    }
    if (item.cast) field.cast = CastTarget(*item.cast);
    if (item.aggregate_cast) field.aggregate_cast = CastTarget(*item.aggregate_cast);
    if (field.column) CheckPath(field);
    node->fields.push_back(std::move(field));
  }

  void CheckPath(const PlannedField& field) const {
    if (field.field.path.empty()) return;
    const PostgresType& type = field.column->type;
    if (type.IsJson() || type.kind == PostgresType::Kind::kList) return;
    throw ApiError(400, "PGRST127", "Feature not implemented")
        .WithDetails(fmt::format("A lake finds paths in json and arrays, not in: {} ({})",
                                 field.column->name, type.name));
  }

  const RelationIndex& relations_;
  const Visibility& visibility_;
};

/// The node that a path leads to.
ReadNode* NodeAt(ReadNode* root, const EmbedPath& path) {
  ReadNode* node = root;
  for (const std::string& name : path) {
    const auto found = std::ranges::find_if(node->embeds, [&](const ReadNode& embed) {
      return embed.alias == name || embed.name == name;
    });
    const auto exact = std::ranges::find_if(
        node->embeds, [&](const ReadNode& embed) { return embed.key() == name; });
    if (exact != node->embeds.end()) {
      node = &*exact;
    } else if (found != node->embeds.end()) {
      node = &*found;
    } else {
      NotEmbedded(name);
    }
  }
  return node;
}

void CheckOrder(const ReadNode& node) {
  for (const OrderTerm& term : node.order) {
    if (!term.relation) continue;
    const auto embed = std::ranges::find_if(
        node.embeds, [&](const ReadNode& each) { return each.key() == *term.relation; });
    if (embed == node.embeds.end()) NotEmbedded(*term.relation);
    if (embed->relation->to_one()) continue;
    throw ApiError(400, "PGRST118",
                   fmt::format("A related order on '{}' is not possible", *term.relation))
        .WithDetails(fmt::format(
            "'{}' and '{}' do not form a many-to-one or one-to-one relationship",
            node.table->name, *term.relation));
  }
  for (const ReadNode& embed : node.embeds) CheckOrder(embed);
}

}  // namespace

bool ReadNode::HasAggregates() const {
  return std::ranges::any_of(fields, [](const PlannedField& field) {
    return field.aggregate != Aggregate::kNone;
  });
}

bool ReadNode::IsAggregated() const {
  return HasAggregates() || std::ranges::any_of(embeds, [](const ReadNode& embed) {
           return embed.spread && embed.relation->to_one() && embed.IsAggregated();
         });
}

bool ReadNode::IsEmpty() const {
  return fields.empty() && std::ranges::all_of(embeds, [](const ReadNode& embed) {
           return embed.IsEmpty();
         });
}

const ApiColumn& ResolveColumn(const ReadNode& node, const std::string& name,
                               const Visibility& visibility) {
  const ApiColumn* column = node.table->FindColumn(name);
  if (column && visibility.Sees(*node.table, *column)) return *column;
  ApiError error(400, "42703",
                 fmt::format("column {}.{} does not exist", node.sql_name, name));
  const ApiColumn* nearest = nullptr;
  size_t least = std::min<size_t>(3, name.size() / 2) + 1;
  for (const ApiColumn& each : node.table->columns) {
    if (!visibility.Sees(*node.table, each) || each.partition) continue;
    const size_t changes = EditDistance(name, each.name);
    if (changes >= least) continue;
    least = changes;
    nearest = &each;
  }
  if (!nearest) throw error;
  throw std::move(error).WithHint(
      fmt::format("Perhaps you meant to reference the column \"{}.{}\".", node.sql_name,
                  nearest->name));
}

const ReadNode* NullFilteredEmbed(const ReadNode& node, const Filter& filter) {
  if (filter.operation != FilterOperator::kIsNull || !filter.field.path.empty()) {
    return nullptr;
  }
  for (const ReadNode& embed : node.embeds) {
    if (embed.key() == filter.field.name) return &embed;
  }
  return nullptr;
}

ReadNode PlanRead(const ApiTable& table, const RequestQuery& query,
                  const RelationIndex& relations, const Visibility& visibility) {
  Planner planner(relations, visibility);
  ReadNode root = planner.Root(table, query);
  for (const auto& [path, tree] : query.filters) {
    NodeAt(&root, path)->filters.push_back(tree);
  }
  for (const auto& [path, order] : query.orders) NodeAt(&root, path)->order = order;
  for (const auto& [path, range] : query.ranges) {
    ReadNode* node = NodeAt(&root, path);
    node->limit = range.limit;
    node->offset = std::max<int64_t>(range.offset.value_or(0), 0);
  }
  CheckOrder(root);
  planner.AddFields(query.select, &root);
  return root;
}

}  // namespace shoestring
