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

class ChunkCache;

/// One version of a table as DuckDB scans it: the source's columns, then the partition's.
struct LakeTable {
  explicit LakeTable(TableMetadata metadata);
  /// A copy in memory, see duckdb_hot_copy.h.
  LakeTable(TableMetadata metadata, std::shared_ptr<const LakeTable> original,
            std::shared_ptr<ChunkCache> memory);

  bool in_memory() const { return memory != nullptr; }
  /// As the catalog has it.
  const TableMetadata& in_lake() const {
    return original ? original->metadata : metadata;
  }

  const TableMetadata metadata;
  const FileBounds bounds{metadata};
  duckdb::vector<std::string> names;
  duckdb::vector<duckdb::LogicalType> types;
  std::unordered_map<std::string, const DataFile*> files;  ///< By their paths in DuckDB.
  const std::shared_ptr<const LakeTable> original;         ///< Of a copy,
  const std::shared_ptr<ChunkCache> memory;  ///< as is this: it has all columns, decoded.
};

using LakeTablesByName = std::map<std::string, std::shared_ptr<const LakeTable>>;

/// The tables of one version of the lake, loaded when first asked for. Thread-safe.
class LakeTables {
 public:
  /// Declares the files of loaded tables to `files`.
  LakeTables(Catalog catalog, LakeState state, LakeFileSystem* files);

  const LakeState& state() const { return state_; }
  /// Takes over what `others` has of the same versions of tables.
  void Adopt(LakeTables& others);
  /// Throws kNotFound for a table that this version does not have. The copy, where there
  /// is one.
  std::shared_ptr<const LakeTable> Load(const std::string& name);

  /// Gives these out from now on, copies of tables of this version.
  void UseCopies(const LakeTablesByName& copies);
  LakeTablesByName copies() const;

 private:
  std::shared_ptr<const LakeTable> Keep(const std::string& name,
                                        std::shared_ptr<const LakeTable> table);
  bool HasSame(const std::string& name, const LakeTables& others) const;

  const Catalog catalog_;
  const LakeState state_;
  LakeFileSystem* files_;
  mutable std::mutex mutex_;
  LakeTablesByName loaded_;  // Guarded by mutex_, as are:
  LakeTablesByName copies_;
};

}  // namespace shoestring
