#pragma once

#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "lake/object_store.h"
#include "lake/posix_file.h"
#include "lake/store_counters.h"

namespace shoestring {

/// A lake in a local folder. Several processes may use one folder at once.
///
/// What is being written stands under runs/, on the same file system, and is renamed into
/// place when it is whole, so that data/ and catalog/ hold nothing else than finished
/// objects. PutIf() takes a lock on runs/lock. Symbolic links below the root are
/// not followed; List() leaves them out. Etags of Get() and PutIf() are hashes of the
/// content, those of Head() and List() come from size, time and inode; PutIf() takes
/// both.
///
/// What PutIf() wrote survives a power failure, and all that this store wrote before, the
/// staged included; until then nothing need. Syncing many files at once costs hardly more
/// than one.
class FolderStore final : public ObjectStore {
 public:
  /// `root` must be absolute and exist.
  explicit FolderStore(std::string root);

  Object Get(std::string_view key) override;
  std::optional<ObjectInfo> Head(std::string_view key) override;
  void ReadRange(std::string_view key, int64_t offset, std::span<uint8_t> to,
                 std::string* etag) override;
  std::vector<ObjectInfo> List(std::string_view prefix) override;
  /// Stages in runs/<run>/staging/.
  std::unique_ptr<ObjectWriter> Create(std::string_view key,
                                       std::string_view run) override;
  int64_t WriterMemory(int writers) const override;
  /// Doing it again is no error, so that a run that was killed in between can go on.
  void Publish(const StagedObject& object) override;
  std::vector<StagedObject> Missing(std::span<const StagedObject> objects) override;
  void DiscardStaged(std::string_view run) override;
  void Put(std::string_view key, std::string_view content) override;
  std::optional<std::string> PutIf(std::string_view key, std::string_view content,
                                   const std::optional<std::string>& etag) override;
  /// Removes the folders that became empty, too, except those right below the root.
  void Delete(std::string_view key) override;
  void DeleteAll(std::span<const std::string> keys) override;
  /// "file:///data/my lake", not encoded; the plain path when it has '?' or '#' in it.
  std::string Uri() const override;
  StoreStatistics statistics() const override;

 private:
  enum class Durable { kLater, kNow };

  void MarkUnsynced(std::string_view key);
  /// Of a file that is durable itself, only where it is named.
  void MarkFoldersUnsynced(std::string_view key);
  void SyncWritten();
  bool HasEtag(std::string_view key, const std::optional<std::string>& etag);
  FileDescriptor Lock();
  bool TryPut(std::string_view key, std::string_view content, Durable durable);
  void PutWhole(std::string_view key, std::string_view content, Durable durable);
  void SweepTemporary();

  std::string root_;
  FileDescriptor root_fd_;
  StoreCounters counters_;

  std::mutex mutex_;
  std::set<std::string> unsynced_;  ///< New files, and their folders. By mutex_.
  std::mutex syncing_;
  std::exception_ptr sync_failure_;  ///< By syncing_.
};

}  // namespace shoestring
