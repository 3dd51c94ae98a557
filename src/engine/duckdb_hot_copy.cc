#include "engine/duckdb_hot_copy.h"

// Before Arrow: both define the C data interface, and DuckDB needs its own.
#include <duckdb.hpp>

#include <algorithm>
#include <limits>
#include <utility>

#include "lake/parquet_file.h"

namespace shoestring {

namespace {

using duckdb::idx_t;

/// Rows of a row group: texts are numbered in each by itself, and threads share them.
constexpr idx_t kGroupRows = 64 * STANDARD_VECTOR_SIZE;

/// As the lake has it, but in one file that is not in the lake, and not partitioned.
TableMetadata MetadataOf(const TableMetadata& table, int64_t rows) {
  TableMetadata copy = table;
  for (const std::string& name : PartitionColumns(table.partitioning.granularity)) {
    copy.columns.push_back({.name = name, .type = {.kind = LakeType::Kind::kInt}});
  }
  AssignFieldIds(&copy.columns);
  copy.partitioning = {};
  copy.sort.clear();
  DataFile file;
  file.rows = rows;
  copy.files = {std::move(file)};
  return copy;
}

}  // namespace

HotCopyWriter::HotCopyWriter(std::shared_ptr<const LakeTable> table)
    : table_(std::move(table)), table_rows_(RowsOf(table_->metadata)) {
  Begin();
}

void HotCopyWriter::Begin() {
  columns_.clear();
  group_rows_ = 0;
  const auto rows_left = static_cast<idx_t>(std::max<int64_t>(table_rows_ - rows_, 1));
  for (const duckdb::LogicalType& type : table_->types) {
    columns_.push_back(
        std::make_unique<duckdb::Vector>(type, std::min(rows_left, kGroupRows)));
  }
}

void HotCopyWriter::Add(const duckdb::DataChunk& rows) {
  for (idx_t from = 0; from < rows.size();) {
    const idx_t count = std::min(rows.size() - from, kGroupRows - group_rows_);
    for (size_t i = 0; i < columns_.size(); ++i) {
      duckdb::VectorOperations::Copy(rows.data[i], *columns_[i], from + count, from,
                                     group_rows_);
    }
    from += count;
    group_rows_ += count;
    rows_ += static_cast<int64_t>(count);
    if (group_rows_ == kGroupRows) EndGroup();
  }
}

void HotCopyWriter::EndGroup() {
  Group group;
  for (auto& column : columns_) {
    group.push_back(std::make_shared<const ColumnChunk>(std::move(column), group_rows_));
    bytes_ += group.back()->bytes();
  }
  groups_rows_.push_back(group_rows_);
  groups_.push_back(std::move(group));
  Begin();
}

std::shared_ptr<const LakeTable> HotCopyWriter::Finish() {
  if (group_rows_ > 0) EndGroup();
  TableMetadata metadata = MetadataOf(table_->metadata, rows_);
  auto memory = std::make_shared<ChunkCache>();
  memory->SetCapacity(std::numeric_limits<int64_t>::max());
  const auto file = memory->Keep(
      metadata.files[0].key,
      std::make_shared<CachedFile>(metadata.columns, std::move(groups_rows_)));
  for (size_t group = 0; group < groups_.size(); ++group) {
    for (size_t leaf = 0; leaf < groups_[group].size(); ++leaf) {
      memory->Keep(file.get(), static_cast<int>(group), static_cast<int>(leaf),
                   std::move(groups_[group][leaf]));
    }
  }
  return std::make_shared<const LakeTable>(std::move(metadata), table_,
                                           std::move(memory));
}

}  // namespace shoestring
