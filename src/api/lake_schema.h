#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/postgres_type.h"
#include "lake/catalog.h"
#include "lake/object_store.h"

namespace shoestring {

/// A column as the API shows it.
struct ApiColumn {
  std::string name;
  PostgresType type;
  std::string source_type;  ///< Postgres': "numeric(20,4)", "text[]", "mood".
  bool required = false;    ///< NOT NULL.
  bool partition = false;   ///< year, month, day: can be filtered on, not in select=*.
  std::string comment;
};

/// A foreign key: this table's columns, and those they refer to.
struct ApiForeignKey {
  std::string name;
  std::vector<std::string> columns;
  std::string table;  ///< The lake's name: "t", "schema.t".
  std::vector<std::string> referenced;
};

/// A table of the source that a view shows columns of.
struct ApiOrigin {
  std::string table;  ///< As the lake would call it.
  /// The table's to the view's, which may show one several times.
  std::map<std::string, std::vector<std::string>> columns;
};

/// A table as the API shows it.
struct ApiTable {
  std::string lake_name;  ///< "t", "schema.t".
  std::string schema;     ///< "public" for those without.
  std::string name;
  std::string comment;
  std::vector<ApiColumn> columns;
  std::vector<std::string> primary_key;
  std::vector<std::vector<std::string>> unique;
  std::vector<ApiForeignKey> foreign_keys;
  bool view = false;               ///< It was one in the source.
  std::vector<ApiOrigin> origins;  ///< Of a view.
  bool row_security = false;       ///< The source had it; it does not hold in the lake.
  int64_t rows = 0;

  const ApiColumn* FindColumn(std::string_view column) const;
};

/// All tables of one version of the lake. Immutable, shared by requests.
struct LakeSchema {
  LakeState state;                           ///< What it was made of.
  std::map<std::string, ApiTable> tables;    ///< By the lake's name.
  std::vector<std::string> Schemas() const;  ///< That have a table; "public" first.

  const ApiTable* Find(std::string_view schema, std::string_view name) const;
};

/// Reads the catalog of the lake's current version.
std::shared_ptr<const LakeSchema> ReadLakeSchema(ObjectStore* store);

/// Pure: one table's.
ApiTable DescribeApiTable(const TableMetadata& metadata, const TableEntry& entry);

}  // namespace shoestring
