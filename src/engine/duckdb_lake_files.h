#pragma once

#include <duckdb/common/multi_file/multi_file_list.hpp>

#include <memory>

#include "engine/duckdb_chunk_cache.h"
#include "engine/duckdb_file_pruner.h"
#include "engine/duckdb_lake_tables.h"
#include "engine/read_ahead.h"

namespace shoestring {

/// What the scans of a database read the lake through. All of it outlives them.
struct LakeReads {
  LakeFileSystem* files = nullptr;  ///< Unless all of it is in memory.
  ChunkCache* chunks = nullptr;
  RemoteReads* remote = nullptr;  ///< Unless the store is a folder.
};

/// The files that a scan of a table still has to read.
class LakeFileList : public duckdb::MultiFileList {
 public:
  LakeFileList(std::shared_ptr<const LakeTable> table, FileSet files)
      : table_(std::move(table)), files_(std::move(files)) {}

  /// Of the table function lake_scan, bound.
  static const LakeFileList& Of(const duckdb::FunctionData& bind_data);

  const std::shared_ptr<const LakeTable>& table() const { return table_; }
  const FileSet& files() const { return files_; }
  duckdb::idx_t Rows() const;

  duckdb::unique_ptr<duckdb::MultiFileList> ComplexFilterPushdown(
      duckdb::ClientContext& context, const duckdb::MultiFileOptions& options,
      duckdb::MultiFilePushdownInfo& info, DuckdbExpressions& filters) const override;

  // Late materialization joins two scans of a table by their files' numbers, so that both
  // must have the same list: nothing is pruned once the plan is made.
  duckdb::unique_ptr<duckdb::MultiFileList> DynamicFilterPushdown(
      duckdb::ClientContext& context, const duckdb::MultiFileOptions& options,
      const duckdb::vector<std::string>& names,
      const duckdb::vector<duckdb::LogicalType>& types,
      const duckdb::vector<duckdb::column_t>& column_ids,
      duckdb::TableFilterSet& filters) const override {
    return nullptr;
  }

  duckdb::vector<duckdb::OpenFileInfo> GetAllFiles() const override;

  // A single file also counts as many: else DuckDB, which has not looked into it yet,
  // takes it for one row group and reads it with one thread.
  duckdb::FileExpandResult GetExpandResult() const override {
    return files_.empty() ? duckdb::FileExpandResult::NO_FILES
                          : duckdb::FileExpandResult::MULTIPLE_FILES;
  }
  duckdb::idx_t GetTotalFileCount() const override { return files_.size(); }
  duckdb::unique_ptr<duckdb::NodeStatistics> GetCardinality(
      duckdb::ClientContext& context) const override;
  duckdb::unique_ptr<duckdb::MultiFileList> Copy() const override;

 protected:
  duckdb::OpenFileInfo GetFile(duckdb::idx_t index) const override;

 private:
  const std::shared_ptr<const LakeTable> table_;
  const FileSet files_;
};

}  // namespace shoestring
