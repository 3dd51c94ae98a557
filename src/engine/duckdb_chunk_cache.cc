#include "engine/duckdb_chunk_cache.h"

// Before Arrow: both define the C data interface, and DuckDB needs its own.
#include <duckdb.hpp>

#include <parquet/exception.h>
#include <parquet/metadata.h>
#include <parquet/schema.h>

#include "engine/duckdb_bounds.h"
#include "lake/parquet_statistics.h"

namespace shoestring {

namespace {

/// A parsed footer takes more memory than its bytes in the file.
constexpr int64_t kFooterMemory = 8;

}  // namespace

CachedFile::CachedFile(std::shared_ptr<parquet::FileMetaData> footer)
    : footer_(std::move(footer)),
      columns_(footer_->num_columns()),
      groups_(footer_->num_row_groups()) {
  const parquet::SchemaDescriptor& schema = *footer_->schema();
  for (int leaf = 0; leaf < schema.num_columns(); ++leaf) {
    leaves_.emplace(schema.GetColumnRoot(leaf)->field_id(), leaf);
  }
  for (int group = 0; group < groups_; ++group) {
    rows_.push_back(static_cast<duckdb::idx_t>(footer_->RowGroup(group)->num_rows()));
  }
  bounds_.resize(Place(groups_, 0));
  chunks_.resize(Place(groups_, 0));
  bytes_ = kFooterMemory * static_cast<int64_t>(footer_->size());
}

CachedFile::CachedFile(const std::vector<LakeColumn>& columns,
                       std::vector<duckdb::idx_t> rows)
    : columns_(static_cast<int>(columns.size())),
      groups_(static_cast<int>(rows.size())),
      rows_(std::move(rows)) {
  for (int leaf = 0; leaf < columns_; ++leaf) {
    leaves_.emplace(columns[static_cast<size_t>(leaf)].field_id, leaf);
  }
  bounds_.resize(Place(groups_, 0));
  for (Bounds& none : bounds_) none.known = true;
  chunks_.resize(Place(groups_, 0));
}

size_t CachedFile::Place(int group, int leaf) const {
  return static_cast<size_t>(group) * static_cast<size_t>(columns_) +
         static_cast<size_t>(leaf);
}

int CachedFile::Leaf(int field_id) const {
  const auto found = leaves_.find(field_id);
  if (found != leaves_.end()) return found->second;
  throw parquet::ParquetException("A column is missing, field id ", field_id);
}

std::optional<bool> CachedFile::Decides(const duckdb::TableFilter& filter,
                                        const LakeColumn& column, int group, int leaf) {
  const std::lock_guard lock(mutex_);
  Bounds& bounds = bounds_[Place(group, leaf)];
  if (!bounds.known) {
    const auto known = DescribeChunk(*footer_, group, leaf, column.type);
    if (known) bounds.values = StatisticsOf(column, *known);
    bounds.known = true;
  }
  return bounds.values ? shoestring::Decides(filter, *bounds.values) : std::nullopt;
}

std::shared_ptr<const ColumnChunk> CachedFile::Find(
    int group, int leaf, const duckdb::LogicalType& type) const {
  const std::lock_guard lock(mutex_);
  const auto& chunk = chunks_[Place(group, leaf)];
  return chunk && chunk->type() == type ? chunk : nullptr;
}

void ChunkCache::SetCapacity(int64_t capacity) {
  const std::lock_guard lock(mutex_);
  capacity_ = capacity;
  Evict(0, nullptr);
}

int64_t ChunkCache::capacity() const {
  const std::lock_guard lock(mutex_);
  return capacity_;
}

int64_t ChunkCache::held() const {
  const std::lock_guard lock(mutex_);
  return held_;
}

std::shared_ptr<CachedFile> ChunkCache::Find(const std::string& key) {
  const std::lock_guard lock(mutex_);
  const auto found = files_.find(key);
  if (found == files_.end()) return nullptr;
  used_.splice(used_.begin(), used_, found->second.used);
  return found->second.file;
}

std::shared_ptr<CachedFile> ChunkCache::Keep(const std::string& key,
                                             std::shared_ptr<CachedFile> file) {
  const std::lock_guard lock(mutex_);
  const auto found = files_.find(key);
  if (found != files_.end()) return found->second.file;
  Evict(file->bytes_, nullptr);
  if (held_ + file->bytes_ > capacity_) return file;
  used_.push_front(key);
  files_[key] = {file, used_.begin()};
  file->kept_ = true;
  held_ += file->bytes_;
  return file;
}

void ChunkCache::Keep(CachedFile* file, int group, int leaf,
                      std::shared_ptr<const ColumnChunk> chunk) {
  const std::lock_guard lock(mutex_);
  if (!file->kept_) return;
  Evict(chunk->bytes(), file);
  if (held_ + chunk->bytes() > capacity_) return;
  const std::lock_guard file_lock(file->mutex_);
  auto& place = file->chunks_[file->Place(group, leaf)];
  if (place && place->rows() >= chunk->rows()) return;
  const int64_t more = chunk->bytes() - (place ? place->bytes() : 0);
  held_ += more;
  file->bytes_ += more;
  place = std::move(chunk);
}

/// With mutex_ held.
void ChunkCache::Evict(int64_t needed, const CachedFile* but) {
  for (auto last = used_.end(); held_ + needed > capacity_ && last != used_.begin();) {
    --last;
    const auto entry = files_.find(*last);
    if (entry->second.file.get() == but) continue;
    held_ -= entry->second.file->bytes_;
    entry->second.file->kept_ = false;
    files_.erase(entry);
    last = used_.erase(last);
  }
}

}  // namespace shoestring
