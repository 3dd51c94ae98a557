#pragma once

#include <optional>
#include <string>
#include <vector>

#include "api/read_plan.h"
#include "sql/dialect.h"

namespace shoestring {

/// A field of an answer: which column of its query has it, and what is left to do.
struct OutputField {
  std::string key;
  PostgresType type;  ///< Of the column.
  size_t column = 0;
  std::optional<size_t> divisor;     ///< An average is the column divided by this one.
  Field field;                       ///< With the path that is still to go.
  std::optional<PostgresType> cast;  ///< Still to be done.
};

/// The query of one node, whose columns are found by their places.
struct NodeQuery {
  SqlQuery query;
  std::vector<OutputField> fields;
  std::vector<size_t> parent_keys;  ///< By which rows belong to those of the node around.
  std::vector<const ReadNode*> embeds;          ///< To be fetched for its rows.
  std::vector<std::vector<size_t>> embed_keys;  ///< By which their rows are found.
};

/// A raw statement in the place of a table: a function's.
using NodeSource = std::optional<SqlSource>;

/// Writes the queries of a plan: one a node, flat, children found by the keys of their
/// parents. Throws ApiError for what does not fit.
class ReadQueryWriter {
 public:
  ReadQueryWriter(SqlDialect dialect, const Visibility* visibility, NodeSource root = {})
      : dialect_(dialect), visibility_(*visibility), root_(std::move(root)) {}

  /// The first table's, at most `limit` rows from `offset` on.
  NodeQuery Root(const ReadNode& node, std::optional<int64_t> limit, int64_t offset);
  /// Those of an embed for parents with these keys, one after the other: as many values a
  /// parent as the relation has columns. At most `limit` rows a parent.
  NodeQuery Children(const ReadNode& node, std::vector<SqlExpression> keys,
                     std::optional<int64_t> limit);
  /// count(*) of the first table's rows.
  SqlQuery Count(const ReadNode& node);
  /// Whether nothing limits the rows that are counted.
  bool CountsAll(const ReadNode& node) const;

  /// Types of a relation's key on the side of the embed, and its columns around.
  static std::vector<SqlType> ChildKeyTypes(const ReadNode& node);
  static std::vector<std::string> ParentKeyColumns(const ReadNode& node);

 private:
  class Builder;
  SqlSource Source(const ReadNode& node, const std::string& alias) const;
  std::vector<SqlExpression> Conditions(const ReadNode& node, const std::string& table);
  SqlExpression Tree(const LogicTree& tree, const ReadNode& node,
                     const std::string& table, bool trusted);
  SqlExpression HasEmbed(const ReadNode& embed, const std::string& table);
  std::string NewAlias();

  const SqlDialect dialect_;
  const Visibility& visibility_;
  const NodeSource root_;
  int aliases_ = 0;
};

}  // namespace shoestring
