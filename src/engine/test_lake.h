#pragma once

#include <arrow/api.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "lake/catalog.h"
#include "lake/object_store.h"
#include "lake/parquet_file.h"

namespace shoestring {

/// A lake in a temporary folder, for tests.
class TestLake {
 public:
  TestLake() {
    std::string name = std::filesystem::temp_directory_path() / "test-lake-XXXXXX";
    folder_ = mkdtemp(name.data());
    temporary_ = true;
    store_ = OpenObjectStore(folder_, /*create=*/true);
  }
  /// In a folder that stays.
  explicit TestLake(std::string folder)
      : folder_(std::move(folder)), store_(OpenObjectStore(folder_, /*create=*/true)) {}
  ~TestLake() {
    if (temporary_) std::filesystem::remove_all(folder_);
  }
  TestLake(const TestLake&) = delete;
  TestLake& operator=(const TestLake&) = delete;

  ObjectStore* store() const { return store_.get(); }
  const std::string& folder() const { return folder_; }

  /// An empty table, not yet committed.
  static TableMetadata Table(const std::string& name, std::vector<LakeColumn> columns,
                             Partitioning partitioning = {}) {
    TableMetadata table;
    table.name = name;
    table.uuid = "00000000-0000-4000-8000-" + std::string(12, '0');
    table.columns = std::move(columns);
    AssignFieldIds(&table.columns);
    table.partitioning = std::move(partitioning);
    table.snapshot_id = 1;
    table.committed_at_ms = 1'700'000'000'000;
    return table;
  }

  /// Writes a data file of these columns and adds it to the table.
  void AddFile(TableMetadata* table, const PartitionValues& partition,
               const arrow::ArrayVector& columns, int64_t row_group_rows = 1 << 17) {
    const std::string folder = PartitionPath(partition);
    const std::string key = "data/" + table->name + "/" + folder +
                            (folder.empty() ? "" : "/") + "f" +
                            std::to_string(next_file_++) + ".parquet";
    ParquetOptions options;
    options.key = key;
    options.row_group_rows = row_group_rows;
    ParquetFile file(store_->Create(key, "test"), table->columns, options);
    const auto schema = FileSchema(table->columns);
    const int64_t rows = columns.at(0)->length();
    for (int64_t at = 0; at < rows; at += row_group_rows) {
      file.Write(
          arrow::RecordBatch::Make(schema, rows, columns)->Slice(at, row_group_rows));
    }
    auto finished = std::move(file).Finish();
    store_->Publish(finished.object);
    finished.file.key = key;
    finished.file.partition = partition;
    table->files.push_back(std::move(finished.file));
  }

  /// Makes this version of the tables current.
  void Commit(const std::vector<TableMetadata>& tables) {
    const Catalog catalog(store_.get());
    const LakeState state = catalog.Load();
    const std::string run = "test" + std::to_string(next_run_++);
    std::vector<TableChange> changes;
    for (const TableMetadata& table : tables) {
      TableChange change;
      change.table = table;
      change.run = run;
      change.source_lsn = "0/1";
      change.source_time_ms = 1'700'000'000'000;
      const auto known = state.tables.find(table.name);
      if (known != state.tables.end()) change.expected_metadata = known->second.metadata;
      changes.push_back(std::move(change));
    }
    Catalog(store_.get()).Commit(changes);
  }

 private:
  std::string folder_;
  bool temporary_ = false;
  std::unique_ptr<ObjectStore> store_;
  int next_file_ = 0;
  int next_run_ = 0;
};

}  // namespace shoestring
