#pragma once

#include <duckdb/common/types.hpp>

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include "engine/duckdb_bounds.h"
#include "engine/duckdb_file_system.h"
#include "lake/catalog.h"

namespace shoestring {

/// DuckDB's type for a column of the lake.
duckdb::LogicalType DuckdbType(const LakeType& type);

/// One version of a table as DuckDB scans it: the source's columns, then the partition's.
struct LakeTable {
  explicit LakeTable(TableMetadata metadata);

  const TableMetadata metadata;
  const FileBounds bounds{metadata};
  duckdb::vector<std::string> names;
  duckdb::vector<duckdb::LogicalType> types;
  std::unordered_map<std::string, const DataFile*> files;  ///< By their paths in DuckDB.
};

/// The tables of one version of the lake, loaded when first asked for. Thread-safe.
class LakeTables {
 public:
  /// Declares the files of loaded tables to `files`.
  LakeTables(Catalog catalog, LakeState state, LakeFileSystem* files);

  const LakeState& state() const { return state_; }
  /// Takes over what `others` has loaded of the same versions of tables.
  void Adopt(LakeTables& others);
  /// Throws kNotFound for a table that this version does not have.
  std::shared_ptr<const LakeTable> Load(const std::string& name);

 private:
  using Loaded = std::map<std::string, std::shared_ptr<const LakeTable>>;
  std::shared_ptr<const LakeTable> Keep(const std::string& name,
                                        std::shared_ptr<const LakeTable> table);

  const Catalog catalog_;
  const LakeState state_;
  LakeFileSystem* files_;
  std::mutex mutex_;
  Loaded loaded_;  // Guarded by mutex_.
};

}  // namespace shoestring
