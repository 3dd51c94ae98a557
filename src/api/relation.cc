#include "api/relation.h"

#include <algorithm>
#include <set>
#include <tuple>

#include "api/api_error.h"
#include "base/choices.h"
#include "base/nearest_name.h"
#include "engine/value_text.h"

namespace shoestring {

namespace {

using Columns = std::vector<std::pair<std::string, std::string>>;

std::set<std::string> AsSet(const std::vector<std::string>& names) {
  return {names.begin(), names.end()};
}

/// True when no two rows of the table have the same values there.
bool IsUnique(const ApiTable& table, const std::vector<std::string>& columns) {
  const auto wanted = AsSet(columns);
  if (AsSet(table.primary_key) == wanted) return true;
  return std::ranges::any_of(table.unique,
                             [&](const auto& key) { return AsSet(key) == wanted; });
}

Columns Pairs(const std::vector<std::string>& left,
              const std::vector<std::string>& right) {
  Columns pairs;
  for (size_t i = 0; i < left.size() && i < right.size(); ++i) {
    pairs.emplace_back(left[i], right[i]);
  }
  return pairs;
}

/// The table that a key refers to, and the views of it, with what it refers to there.
std::vector<std::pair<const ApiTable*, Columns>> Targets(const LakeSchema& schema,
                                                         const ApiForeignKey& key) {
  std::vector<std::pair<const ApiTable*, Columns>> targets;
  for (const auto& [name, table] : schema.tables) {
    if (name == key.table)
      targets.emplace_back(&table, Pairs(key.columns, key.referenced));
    for (const ApiOrigin& origin : table.origins) {
      if (origin.table != key.table) continue;
      for (const auto& shown : ChoicesFor(key.referenced, origin.columns)) {
        targets.emplace_back(&table, Pairs(key.columns, shown));
      }
    }
  }
  return targets;
}

Columns Swapped(const Columns& pairs) {
  Columns swapped;
  for (const auto& [left, right] : pairs) swapped.emplace_back(right, left);
  return swapped;
}

auto SortKey(const Relation& relation) {
  return std::tuple(relation.to->schema, relation.to->name, relation.from == relation.to,
                    relation.kind, relation.junction ? relation.junction->name : "",
                    relation.constraint, relation.to_constraint, relation.columns);
}

bool IsColumn(const Columns& columns, const std::string& name, bool of_from) {
  return columns.size() == 1 && (of_from ? columns[0].first : columns[0].second) == name;
}

bool Matches(const Relation& relation, const std::string& target,
             const std::string* hint) {
  using Kind = Relation::Kind;
  const bool by_table = target == relation.to->name;
  const bool keyed = relation.kind != Kind::kManyToMany;
  if (relation.from == relation.to) {
    if (!hint) {
      return (by_table && relation.kind == Kind::kOneToMany) ||
             (relation.kind == Kind::kManyToOne &&
              (IsColumn(relation.columns, target, true) ||
               target == relation.constraint));
    }
    return by_table && relation.kind == Kind::kOneToMany &&
           (IsColumn(relation.columns, *hint, false) || *hint == relation.constraint);
  }
  if (!hint) {
    // A view is only meant by its own name.
    return by_table ||
           (keyed && !relation.to->view &&
            (target == relation.constraint || IsColumn(relation.columns, target, true)));
  }
  if (!by_table) return false;
  if (!keyed) return *hint == relation.junction->name;
  return *hint == relation.constraint || IsColumn(relation.columns, *hint, true) ||
         IsColumn(relation.columns, *hint, false);
}

std::string Listed(const Columns& columns, bool second) {
  std::string list = "(";
  for (const auto& [left, right] : columns) {
    if (list.size() > 1) list += ", ";
    list += second ? right : left;
  }
  return list + ")";
}

std::string_view KindName(Relation::Kind kind) {
  switch (kind) {
    case Relation::Kind::kOneToMany: return "one-to-many";
    case Relation::Kind::kManyToOne: return "many-to-one";
    case Relation::Kind::kOneToOne: return "one-to-one";
    case Relation::Kind::kManyToMany: return "many-to-many";
  }
  return "";
}

std::string Described(const Relation& relation) {
  if (relation.junction) {
    return fmt::format("{} using {}{} and {}{}", relation.junction->name,
                       relation.constraint, Listed(relation.from_columns, true),
                       relation.to_constraint, Listed(relation.to_columns, true));
  }
  return fmt::format("{} using {}{} and {}{}", relation.constraint, relation.from->name,
                     Listed(relation.columns, false), relation.to->name,
                     Listed(relation.columns, true));
}

[[noreturn]] void Ambiguous(const std::string& origin, const std::string& target,
                            const std::vector<const Relation*>& relations) {
  std::string details = "[";
  std::string hints;
  for (const Relation* relation : relations) {
    if (details.size() > 1) details += ",";
    details +=
        fmt::format("{{\"cardinality\":\"{}\",\"embedding\":", KindName(relation->kind));
    AppendJsonString(relation->from->name + " with " + relation->to->name, &details);
    details += ",\"relationship\":";
    AppendJsonString(Described(*relation), &details);
    details += "}";
    hints +=
        fmt::format("{}'{}!{}'", hints.empty() ? "" : ", ", relation->to->name,
                    relation->junction ? relation->junction->name : relation->constraint);
  }
  throw ApiError(
      300, "PGRST201",
      fmt::format("Could not embed because more than one relationship was found "
                  "for '{}' and '{}'",
                  origin, target))
      .WithDetailsJson(details + "]")
      .WithHint(
          fmt::format("Try changing '{}' to one of the following: {}. Find the desired "
                      "relationship in the 'details' key.",
                      target, hints));
}

}  // namespace

RelationIndex::RelationIndex(const LakeSchema& schema) : schema_(schema) {
  const auto add = [&](Relation relation) {
    relations_[relation.from].push_back(std::move(relation));
  };
  for (const auto& [name, table] : schema.tables) {
    std::vector<Relation> keys;
    for (const ApiForeignKey& key : table.foreign_keys) {
      const auto kind = IsUnique(table, key.columns) ? Relation::Kind::kOneToOne
                                                     : Relation::Kind::kManyToOne;
      for (auto& [to, columns] : Targets(schema, key)) {
        keys.push_back({.kind = kind,
                        .from = &table,
                        .to = to,
                        .constraint = key.name,
                        .columns = std::move(columns)});
      }
    }
    for (const Relation& key : keys) {
      add(key);
      Relation inverse = key;
      std::swap(inverse.from, inverse.to);
      inverse.columns = Swapped(key.columns);
      if (key.kind == Relation::Kind::kManyToOne)
        inverse.kind = Relation::Kind::kOneToMany;
      add(std::move(inverse));
    }
    const auto primary = AsSet(table.primary_key);
    const auto in_primary = [&](const Relation& key) {
      return key.kind == Relation::Kind::kManyToOne &&
             std::ranges::all_of(key.columns, [&](const auto& pair) {
               return primary.contains(pair.first);
             });
    };
    for (const Relation& one : keys) {
      for (const Relation& other : keys) {
        if (one.constraint == other.constraint) continue;
        if (!in_primary(one) || !in_primary(other)) continue;
        add({.kind = Relation::Kind::kManyToMany,
             .from = one.to,
             .to = other.to,
             .constraint = one.constraint,
             .junction = &table,
             .to_constraint = other.constraint,
             .from_columns = Swapped(one.columns),
             .to_columns = Swapped(other.columns)});
      }
    }
  }
  for (auto& [table, relations] : relations_) {
    std::ranges::stable_sort(relations, [](const Relation& a, const Relation& b) {
      return SortKey(a) < SortKey(b);
    });
  }
}

const Relation& RelationIndex::Find(const ApiTable& origin, const std::string& target,
                                    const std::string* hint) const {
  std::vector<const Relation*> found;
  std::vector<std::string> children;
  const auto relations = relations_.find(&origin);
  if (relations != relations_.end()) {
    for (const Relation& relation : relations->second) {
      if (relation.to->schema != origin.schema) continue;
      children.push_back(relation.to->name);
      if (Matches(relation, target, hint)) found.push_back(&relation);
    }
  }
  if (found.size() == 1) return *found.front();
  if (found.size() > 1) Ambiguous(origin.name, target, found);
  ApiError error(400, "PGRST200",
                 fmt::format("Could not find a relationship between '{}' and '{}' in the "
                             "schema cache",
                             origin.name, target));
  error = std::move(error).WithDetails(
      fmt::format("Searched for a foreign key relationship between '{}' and '{}'{} in "
                  "the schema '{}', "
                  "but no matches were found.",
                  origin.name, target,
                  hint ? fmt::format(" using the hint '{}'", *hint) : "", origin.schema));
  const bool known = std::ranges::find(children, target) != children.end();
  const std::string nearest = known ? "" : NearestName(children, target, 0.33);
  if (!nearest.empty()) {
    error = std::move(error).WithHint(
        fmt::format("Perhaps you meant '{}' instead of '{}'.", nearest, target));
  }
  throw error;
}

}  // namespace shoestring
