#pragma once

#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "engine/duckdb_column_chunk.h"
#include "lake/table_metadata.h"

namespace parquet {
class FileMetaData;
}

namespace shoestring {

/// What is known of one data file: its footer, and what was decoded of it. Columns are
/// called by their places in the file, since versions of a table may differ in theirs.
/// Thread-safe.
class CachedFile {
 public:
  explicit CachedFile(std::shared_ptr<parquet::FileMetaData> footer);
  /// One that stands in memory only, with these columns, and so many rows in each row
  /// group: all of its chunks have to be kept before somebody asks for them.
  CachedFile(const std::vector<LakeColumn>& columns, std::vector<duckdb::idx_t> rows);

  /// nullptr for one that stands in memory only.
  const std::shared_ptr<parquet::FileMetaData>& footer() const { return footer_; }
  int groups() const { return groups_; }
  duckdb::idx_t rows(int group) const { return rows_[static_cast<size_t>(group)]; }
  /// The place of a column, by its field id. Throws parquet::ParquetException when the
  /// file lacks it.
  int Leaf(int field_id) const;

  /// Whether all rows of the row group pass a filter on this column, or none; nothing
  /// when that depends on the row.
  std::optional<bool> Decides(const duckdb::TableFilter& filter, const LakeColumn& column,
                              int group, int leaf);

  /// nullptr for what was not decoded yet, or as another type; it may have a part of
  /// its vectors only.
  std::shared_ptr<const ColumnChunk> Find(int group, int leaf,
                                          const duckdb::LogicalType& type) const;

 private:
  friend class ChunkCache;
  struct Bounds {
    bool known = false;
    std::optional<duckdb::BaseStatistics> values;
  };
  size_t Place(int group, int leaf) const;

  const std::shared_ptr<parquet::FileMetaData> footer_;
  const int columns_;
  const int groups_;
  std::vector<duckdb::idx_t> rows_;  ///< Of each row group.
  std::map<int, int> leaves_;        ///< By field id.
  mutable std::mutex mutex_;
  std::vector<Bounds> bounds_;                              // By Place(), once asked for.
  std::vector<std::shared_ptr<const ColumnChunk>> chunks_;  // By Place().
  // Guarded by the cache:
  int64_t bytes_ = 0;
  bool kept_ = false;
};

/// Decoded columns of data files in bounded memory, so that a question that was asked
/// before, or one like it, neither reads nor decodes them again. Data files never change
/// once written, so nothing in it becomes stale; the file that nobody used for the
/// longest goes first. Thread-safe.
class ChunkCache {
 public:
  /// Bytes held at most.
  void SetCapacity(int64_t capacity);
  int64_t capacity() const;
  int64_t held() const;

  /// nullptr for a file that is not here.
  std::shared_ptr<CachedFile> Find(const std::string& key);
  /// The file that is here from now on: this, or that of another thread that came first.
  std::shared_ptr<CachedFile> Keep(const std::string& key,
                                   std::shared_ptr<CachedFile> file);
  /// Keeps a chunk with its file, if there is room for both, in the place of one that
  /// has fewer rows.
  void Keep(CachedFile* file, int group, int leaf,
            std::shared_ptr<const ColumnChunk> chunk);

 private:
  struct Entry {
    std::shared_ptr<CachedFile> file;
    std::list<std::string>::iterator used;
  };
  void Evict(int64_t needed, const CachedFile* but);

  mutable std::mutex mutex_;
  int64_t capacity_ = 64 << 20;
  int64_t held_ = 0;
  std::map<std::string, Entry> files_;
  std::list<std::string> used_;  // Keys, latest used first.
};

}  // namespace shoestring
