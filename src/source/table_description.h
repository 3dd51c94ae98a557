#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "source/connection.h"
#include "source/policy.h"
#include "source/view_origin.h"

namespace shoestring {

struct TableName {
  std::string schema;
  std::string name;
  bool operator==(const TableName&) const = default;
  bool operator<(const TableName& other) const;
};

/// A type after its domains are resolved.
struct SourceType {
  std::string name;       ///< As declared: "numeric(20,4)", "public.year", "text[]".
  std::string base_name;  ///< pg_type.typname without domains: "numeric", "_text".
  uint32_t base_oid = 0;
  int32_t typmod = -1;  ///< Of the innermost declaration that has one.
  char kind = 'b';      ///< pg_type.typtype: b, c, e, r, m, p; never d.
  bool is_array = false;
  std::string element_name;  ///< Of an array, domains resolved: "text".
  uint32_t element_oid = 0;
  char element_kind = 'b';
  bool is_system = false;  ///< The base type, or the element's, is in pg_catalog.
  bool operator==(const SourceType&) const = default;
};

struct SourceColumn {
  std::string name;
  SourceType type;
  bool not_null = false;  ///< As enforced: in all partitions and heirs, and validated.
  bool generated = false;
  std::string comment;
};

struct SourceIndex {
  std::string name;
  std::vector<std::string> columns;  ///< Plain key columns, in order.
  bool unique = false;
  bool primary = false;
  int64_t scans = 0;
};

struct ForeignKey {
  std::string name;
  std::vector<std::string> columns;
  std::string schema;  ///< Of the table referred to.
  std::string table;
  std::vector<std::string> referenced_columns;
};

/// Something with rows of its own: a table, or a leaf of a partitioned one.
struct RowSource {
  std::string schema;
  std::string name;
  char kind = 'r';             ///< pg_class.relkind: r, p, v, m, f.
  bool heap = true;            ///< ctid ranges work.
  bool direct = true;          ///< This role may read it by its name, and sees all of it.
  int64_t pages = 0;           ///< By file size, not by statistics.
  int64_t bytes = 0;           ///< Heap and TOAST.
  double estimated_rows = -1;  ///< pg_class.reltuples; -1 when never analyzed.
};

struct TableDescription {
  std::string schema;
  std::string name;
  uint32_t oid = 0;
  char kind = 'r';
  bool row_security = false;
  std::vector<Policy> policies;  ///< Of a table with row security.
  std::string comment;
  std::vector<SourceColumn> columns;
  std::vector<SourceIndex> indexes;
  std::vector<ForeignKey> foreign_keys;  ///< Of a view, those of its origins.
  std::vector<ViewOrigin> origins;       ///< Of a view.
  std::vector<RowSource> relations;      ///< Where the rows are: itself, or all leaves.

  /// Columns of the primary key; empty without one.
  std::vector<std::string> PrimaryKey() const;
  int64_t bytes() const;
  /// Sum over the relations; where nothing was analyzed, guessed from the size.
  int64_t EstimatedRows() const;
  bool Analyzed() const;
  std::string QualifiedName() const { return QuoteQualified(schema, name); }
};

/// Tables, partitioned parents, foreign tables and, if asked for, views and materialized
/// views of a schema, without the leaves of partitioned tables. In order of their names.
std::vector<std::string> ListTables(Connection* connection, const std::string& schema,
                                    bool with_views = true);

/// In the order of the names, with as few questions for many as for one. In a
/// transaction. Throws kNotFound, with the names that are there, when a table does not
/// exist.
std::vector<TableDescription> DescribeTables(Connection* connection,
                                             const std::vector<TableName>& names);
TableDescription DescribeTable(Connection* connection, const TableName& name);

}  // namespace shoestring
