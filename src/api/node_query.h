#pragma once

#include <optional>
#include <string>
#include <vector>

#include "api/node_conditions.h"

namespace shoestring {

/// A field of an answer: which column of its query has it, and what is left to do.
struct OutputField {
  std::string key;
  std::string json_key;  ///< In quotes, with its colon.
  PostgresType type;     ///< Of the column.
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

/// The alias of a node's own table in its query, and of the junction to the node around
/// it.
inline constexpr const char* kNodeTable = "t";
inline constexpr const char* kNodeJunction = "j";

/// "c2": what the items of a query are called, by their places.
std::string ItemName(size_t place);

/// Collects what the query of one node selects, groups and orders by. `key_columns` of
/// `key_table` become its parent_keys. Throws ApiError for what does not fit the tables.
NodeQuery CollectNodeQuery(const ReadNode& node, const std::string& key_table,
                           const std::vector<std::string>& key_columns,
                           NodeConditions* conditions);

/// The columns by which rows of the node around know those of this embed.
std::vector<std::string> ParentKeyColumns(const ReadNode& embed);

}  // namespace shoestring
