// What the tests of this room share: a folder that goes away, a table, a store that
// fails.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include "base/error.h"
#include "lake/file_checksums.h"
#include "lake/object_store.h"
#include "lake/table_metadata.h"

namespace shoestring {

/// A new folder, removed with all that is in it.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string path = std::filesystem::temp_directory_path() / "shoestring-XXXXXX";
    path_ = std::filesystem::canonical(mkdtemp(path.data())).string();
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }

  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

/// A store before whose calls a test can step in, and fail them by throwing.
class FaultyStore : public ObjectStore {
 public:
  using Hook = std::function<void(std::string_view call, std::string_view key)>;

  explicit FaultyStore(ObjectStore* store) : store_(store) {}

  Hook before = [](std::string_view, std::string_view) {};
  Hook after = before;  ///< The call was made, but its answer gets lost.

  Object Get(std::string_view key) override {
    return Run("Get", key, [&] { return store_->Get(key); });
  }
  std::optional<ObjectInfo> Head(std::string_view key) override {
    return Run("Head", key, [&] { return store_->Head(key); });
  }
  void ReadRange(std::string_view key, int64_t offset, std::span<uint8_t> to,
                 std::string* etag) override {
    Run("ReadRange", key, [&] { return store_->ReadRange(key, offset, to, etag), 0; });
  }
  std::vector<ObjectInfo> List(std::string_view prefix) override {
    return Run("List", prefix, [&] { return store_->List(prefix); });
  }
  std::unique_ptr<ObjectWriter> Create(std::string_view key,
                                       std::string_view run) override {
    return Run("Create", key, [&] { return store_->Create(key, run); });
  }
  int64_t WriterMemory(int writers) const override {
    return store_->WriterMemory(writers);
  }
  void Publish(const StagedObject& object) override {
    Run("Publish", object.key, [&] { return store_->Publish(object), 0; });
  }
  std::vector<StagedObject> Missing(std::span<const StagedObject> objects) override {
    return Run("Missing", "", [&] { return store_->Missing(objects); });
  }
  void DiscardStaged(std::string_view run) override {
    Run("DiscardStaged", run, [&] { return store_->DiscardStaged(run), 0; });
  }
  void Put(std::string_view key, std::string_view content) override {
    Run("Put", key, [&] { return store_->Put(key, content), 0; });
  }
  std::optional<std::string> PutIf(std::string_view key, std::string_view content,
                                   const std::optional<std::string>& etag) override {
    return Run("PutIf", key, [&] { return store_->PutIf(key, content, etag); });
  }
  void Delete(std::string_view key) override {
    Run("Delete", key, [&] { return store_->Delete(key), 0; });
  }
  void DeleteAll(std::span<const std::string> keys) override {
    Run("DeleteAll", "", [&] { return store_->DeleteAll(keys), 0; });
  }
  std::string Uri() const override { return store_->Uri(); }
  StoreStatistics statistics() const override { return store_->statistics(); }

 private:
  template <typename Call>
  std::invoke_result_t<Call> Run(std::string_view name, std::string_view key,
                                 const Call& call) {
    before(name, key);
    auto result = call();
    after(name, key);
    return result;
  }

  ObjectStore* store_;
};

/// A data file of these bytes with its own checksums, and the end of a Parquet file that
/// says nothing.
inline std::string CheckedFile(std::string_view key, std::string_view data,
                               int64_t block = FileChecksums::kBlocks[0]) {
  FileChecksumWriter checksums(block);
  checksums.Append(AsBytes(data));
  const std::string footer = std::string("foot") + std::string("\4\0\0\0", 4) + "PAR1";
  return std::string(data) + std::move(checksums).Finish(key, AsBytes(footer)) + footer;
}

/// The kind of the error that `call` throws; fails the test when it throws none.
template <typename Call>
ErrorKind KindOf(const Call& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.kind();
  }
  ADD_FAILURE() << "no error";
  return ErrorKind::kInternal;
}

/// A table with a column of each type, partitioned as asked, without files.
inline TableMetadata SampleTable(std::string name, Granularity granularity) {
  using Kind = LakeType::Kind;
  const std::pair<LakeType, const char*> types[] = {
      {{.kind = Kind::kLong}, "bigint"},
      {{.kind = Kind::kBoolean}, "boolean"},
      {{.kind = Kind::kInt}, "integer"},
      {{.kind = Kind::kFloat}, "real"},
      {{.kind = Kind::kDouble}, "double precision"},
      {{.kind = Kind::kDecimal, .precision = 18, .scale = 2}, "numeric(18,2)"},
      {{.kind = Kind::kDecimal, .precision = 38, .scale = 38}, "numeric"},
      {{.kind = Kind::kDate}, "date"},
      {{.kind = Kind::kTimestamp}, "timestamp without time zone"},
      {{.kind = Kind::kTimestampTz}, "timestamp with time zone"},
      {{.kind = Kind::kString}, "text"},
      {{.kind = Kind::kBinary}, "bytea"},
      {{.kind = Kind::kList, .element = {{.kind = Kind::kString}}}, "text[]"},
      {{.kind = Kind::kList,
        .element = {{.kind = Kind::kDecimal, .precision = 9, .scale = 3}}},
       "numeric(9,3)[]"},
  };
  TableMetadata table;
  table.name = std::move(name);
  table.uuid = "0f8fad5b-d9cb-469f-a165-70867728950e";
  for (const auto& [type, source_type] : types) {
    const int id = static_cast<int>(table.columns.size()) + 1;
    table.columns.push_back({.name = "c" + std::to_string(id),
                             .type = type,
                             .required = id == 1,
                             .field_id = id,
                             .source_type = source_type});
  }
  table.columns[12].element_id = 15;
  table.columns[13].element_id = 16;
  table.columns[0].comment = "The \"key\",\nünïque";
  if (granularity != Granularity::kNone) table.partitioning = {granularity, "c8"};
  table.sort = {{11}, {1}};
  table.snapshot_id = 7190832345678901234;
  table.sequence_number = 3;
  table.committed_at_ms = 1780000000123;
  table.properties = {{"shoestring.primary-key", R"(["c1"])"}, {"comment", "a 'table'"}};
  return table;
}

/// The n-th file of such a table.
inline DataFile SampleFile(const TableMetadata& table, int n) {
  DataFile file{.rows = 100 + n, .bytes = 4096 + n, .split_offsets = {4, 1000 + n}};
  const PartitionValues day = {2000 + n / 336, n / 28 % 12 + 1, n % 28 + 1};
  const auto partitions = PartitionColumns(table.partitioning.granularity).size();
  file.partition.assign(day.begin(), day.begin() + static_cast<ptrdiff_t>(partitions));
  file.key = "data/" + table.name + "/" + PartitionPath(file.partition) +
             (partitions > 0 ? "/" : "") + std::to_string(n) + ".parquet";
  for (const LakeColumn& column : table.columns) {
    const bool list = column.type.kind == LakeType::Kind::kList;
    ColumnStatistics& statistics =
        file.columns[list ? column.element_id : column.field_id];
    statistics = {.value_count = 100 + n, .null_count = n, .compressed_bytes = 50 + n};
    if (list) continue;
    statistics.lower = std::string("\0\x01", 2) + std::to_string(n);
    statistics.upper = std::string("\xff") + std::to_string(n);
  }
  return file;
}

}  // namespace shoestring
