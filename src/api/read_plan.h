#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "api/access.h"
#include "api/lake_schema.h"
#include "api/relation.h"
#include "api/request_query.h"

namespace shoestring {

/// A key of an answer's objects, and what stands behind it.
struct PlannedField {
  std::string key;
  Field field;
  const ApiColumn* column = nullptr;  ///< nullptr for count(*).
  std::optional<PostgresType> cast;
  Aggregate aggregate = Aggregate::kNone;
  std::optional<PostgresType> aggregate_cast;
};

/// One table of a request, with what is asked of it and what is embedded in it.
struct ReadNode {
  const ApiTable* table = nullptr;
  std::string name;                    ///< As select= calls it.
  std::optional<std::string> alias;    ///< As it wants it called.
  const Relation* relation = nullptr;  ///< To the table around it; nullptr for the first.
  bool inner = false;
  bool spread = false;
  std::vector<PlannedField> fields;
  std::vector<LogicTree> filters;
  std::vector<OrderTerm> order;
  std::optional<int64_t> limit;
  int64_t offset = 0;
  std::vector<ReadNode> embeds;

  const std::string& key() const { return alias ? *alias : name; }
  /// What errors call the table, as the alias that PostgREST gives it.
  std::string sql_name;

  bool HasAggregates() const;  ///< Of its own.
  /// Of its own, or of what is spread into it.
  bool IsAggregated() const;
  /// Nothing of it is written: select= has an empty list for it.
  bool IsEmpty() const;
};

/// What a caller may see, as planning asks for it.
class Visibility {
 public:
  explicit Visibility(const Access& access) : access_(access) {}

  bool Sees(const ApiTable& table) const;
  bool Sees(const ApiTable& table, const ApiColumn& column) const;
  /// Throws ApiError 42501 for a table that is not to be seen.
  void Check(const ApiTable& table) const;
  /// The rows of the table that may be seen: its predicate with the claims in their
  /// places; nothing when all may be.
  std::optional<LogicTree> Rows(const ApiTable& table) const;

 private:
  const TableAccess* Find(const ApiTable& table) const;

  const Access& access_;
};

/// Turns a request for a table into nodes; throws ApiError for what does not fit the
/// tables. Pure. What it gives must not outlive `relations`, nor the tables.
ReadNode PlanRead(const ApiTable& table, const RequestQuery& query,
                  const RelationIndex& relations, const Visibility& visibility);

/// The column of a field; throws ApiError 42703, worded for the node.
const ApiColumn& ResolveColumn(const ReadNode& node, const std::string& name,
                               const Visibility& visibility);

/// The embed that a filter such as clients=is.null asks about; nullptr when it is a
/// column.
const ReadNode* NullFilteredEmbed(const ReadNode& node, const Filter& filter);

}  // namespace shoestring
