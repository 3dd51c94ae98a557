#pragma once

#include <map>
#include <string>
#include <vector>

namespace shoestring {

class Connection;
struct TableDescription;

/// A table whose columns a view shows as they are, and what of its keys can be seen.
struct ViewOrigin {
  std::string schema;
  std::string table;
  /// The table's to the view's, which may show one several times.
  std::map<std::string, std::vector<std::string>> columns;
  std::vector<std::string> primary_key;          ///< In the view's columns, if all show.
  std::vector<std::vector<std::string>> unique;  ///< Likewise.
};

/// Gives the views among the tables their origins, and the foreign keys of these whose
/// columns they show, through views of views. A view whose definition this role may not
/// look into gets none. In a transaction.
void AddViewOrigins(Connection* connection, std::vector<TableDescription>* tables);

}  // namespace shoestring
