#pragma once

#include <condition_variable>
#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "lake/file_checksums.h"
#include "lake/object_store.h"
#include "lake/table_metadata.h"

namespace shoestring {

/// Parts of data files in bounded memory, for a store whose requests cost more than their
/// bytes (docs/adr/0008): a small file is one request, and what was read once is not
/// asked for again. Every part was checked before anybody gets it, and all parts of a
/// file are of one version of it: the first answer's etag binds the others. What nobody
/// used for the longest goes first. Thread-safe; who asks for what another thread is
/// reading waits for that.
class ReadCache {
 public:
  /// Called with the bytes of each request to the store.
  using OnRequest = CheckedReader::OnRequest;

  /// Files of up to so many bytes are read whole, in one request.
  static constexpr int64_t kWholeFile = 4 << 20;
  /// The least that is read of a larger one, unless it is there already: about as many
  /// bytes as come in the time that a request takes.
  static constexpr int64_t kLeastRead = 1 << 20;
  static constexpr int64_t kLeastCapacity = 4 * kWholeFile;

  /// Holds `capacity` bytes at most, but not less than kLeastCapacity.
  ReadCache(ObjectStore* store, int64_t capacity);

  void SetCapacity(int64_t capacity);
  /// Bytes held now.
  int64_t held() const;

  /// Fills `to` from `offset`. Throws kCorrupt for what is not as it was written, also
  /// when the file ends before; kConflict when the file was replaced since its first
  /// part was read, which is forgotten then; and what the store throws.
  void Read(const DataFile& file, int64_t offset, std::span<uint8_t> to,
            const OnRequest& on_request);
  /// Sees to it that a part is here, or that another thread is reading it.
  void Load(const DataFile& file, int64_t begin, int64_t end,
            const OnRequest& on_request);
  /// The bytes of Parquet's footer, "PAR1" at the end included.
  std::string Footer(const DataFile& file, const OnRequest& on_request);

 private:
  struct Part {
    enum class State { kLoading, kReady, kFailed };
    std::string key;
    int64_t begin = 0;
    int64_t end = 0;
    std::string bytes;              // Set before kReady, then never changed.
    State state = State::kLoading;  // The rest is guarded by the cache's mutex_.
    std::optional<Error> error;
    std::list<std::shared_ptr<Part>>::iterator used;
  };
  using Parts = std::vector<std::shared_ptr<Part>>;

  struct File {
    std::string etag;  ///< Empty until the first answer.
    std::shared_ptr<const FileChecksums> checksums;
    bool loading_end = false;
    std::map<int64_t, std::shared_ptr<Part>> parts;  ///< By begin; they do not overlap.
  };

  struct Covered {
    Parts parts;    ///< All that the range consists of, in order.
    Parts missing;  ///< Those of them that this thread has to load.
    std::string etag;
    std::shared_ptr<const FileChecksums> checksums;
  };
  using Lock = std::unique_lock<std::mutex>;

  Covered Cover(const DataFile& file, int64_t begin, int64_t end, int64_t least,
                const OnRequest& on_request);
  File& FileWithEnd(const DataFile& file, int64_t end, const OnRequest& on_request,
                    Lock* lock);
  void LoadEnd(const DataFile& file, const OnRequest& on_request, Lock* lock);
  void LoadMissing(const DataFile& file, const Covered& covered,
                   const OnRequest& on_request);
  void LoadPart(const DataFile& file, const Covered& covered, Part* part,
                const OnRequest& on_request);
  void Wait(const Parts& parts);
  std::string Get(const DataFile& file, int64_t begin, int64_t end, std::string* etag,
                  const OnRequest& on_request);

  // With mutex_ held:
  void AddEnd(const DataFile& file, File* known, FileEnd end);
  void Pin(const std::string& key, const std::string& etag);
  [[noreturn]] void Refuse(const std::string& key, const Error& error);
  std::shared_ptr<Part> AddPart(File* file, const std::string& key, int64_t begin,
                                int64_t end);
  void MakeReady(const std::shared_ptr<Part>& part);
  void Drop(const std::shared_ptr<Part>& part);
  void DropIfEmpty(std::map<std::string, File>::iterator file);
  void Forget(const std::string& key);
  void Evict();

  ObjectStore* const store_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  int64_t capacity_;
  int64_t held_ = 0;
  std::map<std::string, File> files_;      // By key.
  std::list<std::shared_ptr<Part>> used_;  // Those that are ready, latest used first.
};

/// True for a store behind a network, where a request costs much and bytes little.
bool IsRemote(const ObjectStore& store);

}  // namespace shoestring
