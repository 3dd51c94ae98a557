#pragma once

#include <duckdb/common/file_system.hpp>
#include <duckdb/main/client_context_state.hpp>

#include <atomic>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/error.h"
#include "engine/engine.h"
#include "engine/read_ahead.h"
#include "lake/file_checksums.h"
#include "lake/object_store.h"
#include "lake/table_metadata.h"

namespace shoestring {

/// What one query does to the lake, and the first thing that went wrong there. It hangs
/// at the query's connection, where file system and scans find it. Thread-safe.
class QueryActivity : public duckdb::ClientContextState {
 public:
  /// The connection's, or nullptr when DuckDB works on its own account.
  static duckdb::shared_ptr<QueryActivity> Of(
      duckdb::optional_ptr<duckdb::FileOpener> opener);
  static duckdb::shared_ptr<QueryActivity> Of(duckdb::ClientContext& context);
  static duckdb::shared_ptr<QueryActivity> Attach(duckdb::ClientContext& context);

  /// Counts what an earlier attempt at the query has read.
  void Continue(const QueryActivity& earlier);
  void OpenedFile(const std::string& key);
  void Read(int64_t bytes);
  /// A table of this many files and bytes is part of the statement.
  void UsesTable(const TableMetadata& table);
  /// A scan has work for many threads.
  void WantsThreads() { wants_threads_ = true; }
  bool wants_threads() const { return wants_threads_; }
  /// Whether a scan that turns out to have such work may end the attempt: nothing was
  /// handed out yet, and another one follows.
  void LeaveWhenLong(bool leave) { leaves_when_long_ = leave; }
  bool leaves_when_long() const { return leaves_when_long_; }
  /// Keeps the first error only: DuckDB hands out text, and loses what kind it was.
  void Failed(const Error& error);

  /// A scan of the query is read ahead of from now on, until StopReadAhead().
  void Follow(std::shared_ptr<ReadAhead> scan);
  void Reached(const std::string& key, int64_t offset);
  void StopReadAhead();

  void FillIn(QueryStatistics* statistics) const;
  std::optional<Error> failure() const;

 private:
  std::atomic<int64_t> requests_ = 0;
  std::atomic<int64_t> bytes_read_ = 0;
  std::atomic<bool> wants_threads_ = false;
  std::atomic<bool> leaves_when_long_ = false;
  mutable std::mutex mutex_;
  std::set<std::string> files_;  // Guarded by mutex_, as are the others.
  std::set<std::string> tables_;
  int64_t lake_files_ = 0;
  int64_t lake_bytes_ = 0;
  std::optional<Error> failure_;
  bool read_ahead_stopped_ = false;
  std::vector<std::shared_ptr<ReadAhead>> scans_;
};

/// Lets DuckDB read the lake's data files through the object store as "lake://KEY".
/// Only files that were declared exist; nothing can be listed or written. Every byte is
/// checked, so that a damaged file ends the query. Thread-safe.
class LakeFileSystem : public duckdb::FileSystem {
 public:
  static constexpr const char* kPrefix = "lake://";

  /// Through the cache, unless that is nullptr.
  LakeFileSystem(ObjectStore* store, ReadCache* cache) : store_(store), cache_(cache) {}

  /// Makes a data file readable. Its size comes from the catalog, so that opening it asks
  /// the store nothing.
  void Declare(std::shared_ptr<const DataFile> file);
  static std::string PathOf(const DataFile& file) { return kPrefix + file.key; }

  duckdb::unique_ptr<duckdb::FileHandle> OpenFile(
      const std::string& path, duckdb::FileOpenFlags flags,
      duckdb::optional_ptr<duckdb::FileOpener> opener) override;
  void Read(duckdb::FileHandle& handle, void* buffer, int64_t bytes,
            duckdb::idx_t location) override;
  int64_t Read(duckdb::FileHandle& handle, void* buffer, int64_t bytes) override;
  int64_t GetFileSize(duckdb::FileHandle& handle) override;
  duckdb::timestamp_t GetLastModifiedTime(duckdb::FileHandle& handle) override;
  std::string GetVersionTag(duckdb::FileHandle& handle) override;
  duckdb::FileType GetFileType(duckdb::FileHandle& handle) override;
  bool FileExists(const std::string& path,
                  duckdb::optional_ptr<duckdb::FileOpener> opener) override;
  duckdb::vector<duckdb::OpenFileInfo> Glob(const std::string& path,
                                            duckdb::FileOpener* opener) override;
  bool CanHandleFile(const std::string& path) override;
  void Seek(duckdb::FileHandle& handle, duckdb::idx_t location) override;
  void Reset(duckdb::FileHandle& handle) override;
  duckdb::idx_t SeekPosition(duckdb::FileHandle& handle) override;
  bool CanSeek() override { return true; }
  /// False asks for few large reads in place of many small ones, and for a cache of them:
  /// each read is a request, in a folder it opens a file.
  bool OnDiskFile(duckdb::FileHandle& handle) override { return false; }
  std::string GetName() const override { return "LakeFileSystem"; }
  std::string PathSeparator(const std::string& path) override { return "/"; }
  std::string CanonicalizePath(const std::string& path,
                               duckdb::optional_ptr<duckdb::FileOpener> opener) override {
    return path;
  }

 private:
  /// A file of the lake, and its own checksums once somebody has read them.
  struct DeclaredFile {
    std::shared_ptr<const DataFile> file;
    std::shared_ptr<const FileChecksums> checksums;  ///< Unless the cache has them.
  };
  std::optional<DeclaredFile> Find(const std::string& path) const;
  void Keep(const std::string& path, std::shared_ptr<const FileChecksums> checksums);

  ObjectStore* const store_;
  ReadCache* const cache_;
  mutable std::mutex mutex_;
  std::map<std::string, DeclaredFile> files_;  // By path; guarded by mutex_.
};

}  // namespace shoestring
