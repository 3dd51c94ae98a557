#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "lake/read_cache.h"

namespace shoestring {

/// Threads that wait for answers of a store. Tasks must not throw; those that did not
/// begin are dropped at the end, and all when the system has no thread for them.
class RequestThreads {
 public:
  /// They start with the first task.
  explicit RequestThreads(int count) : count_(count) {}
  ~RequestThreads();
  RequestThreads(const RequestThreads&) = delete;
  RequestThreads& operator=(const RequestThreads&) = delete;

  void Post(std::function<void()> task);

 private:
  void Work();

  const int count_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> tasks_;  // Guarded by mutex_, as is:
  bool stopped_ = false;
  std::vector<std::jthread> threads_;
};

/// From `begin` to before `end`.
struct ByteRange {
  int64_t begin = 0;
  int64_t end = 0;
  bool operator==(const ByteRange&) const = default;
};

/// Merges ranges with less than ReadCache::kLeastRead between them, and cuts long ones
/// into pieces that can be read side by side.
std::vector<ByteRange> Coalesce(std::vector<ByteRange> ranges);

/// What a scan is going to read.
struct ScanPlan {
  std::vector<const DataFile*> files;  ///< In the order of the scan.
  std::shared_ptr<const void> owner;   ///< Of the files.
  /// What the scan wants of a file that is too large to be read whole, by its footer.
  std::function<std::vector<ByteRange>(const std::string& footer)> wanted;
  ReadCache::OnRequest on_request;
};

/// Reads into the cache what one scan will ask for next, in its order. It begins with a
/// few pieces, and goes twice as far ahead each time that the scan takes one, so that a
/// scan that soon has enough costs little. A piece that cannot be read ends it: the scan
/// will meet the error itself, if it gets there. Thread-safe.
class ReadAhead : public std::enable_shared_from_this<ReadAhead> {
 public:
  static constexpr size_t kFirstPieces = 4;
  static constexpr size_t kMostPieces = 64;

  /// Never has more than `most_bytes` read that the scan did not take, but one piece.
  ReadAhead(ReadCache* cache, RequestThreads* threads, ScanPlan plan, int64_t most_bytes);

  void Start();
  /// No request begins after this.
  void Stop();
  /// The scan takes what is at this place.
  void Reached(const std::string& key, int64_t offset);

 private:
  /// Of the file's end, or of all of it, the offset is -1: that is wanted first.
  struct Place {
    size_t file = 0;
    int64_t offset = -1;
    bool operator<(const Place& other) const {
      return std::tie(file, offset) < std::tie(other.file, other.offset);
    }
  };
  struct Piece {
    Place place;
    int64_t bytes = 0;
  };

  Piece NextPiece() const;
  void PostPieces();
  void Load(const Piece& piece);
  void LoadFirst(size_t file);

  ReadCache* const cache_;
  RequestThreads* const threads_;
  const ScanPlan plan_;
  const int64_t most_bytes_;
  std::unordered_map<std::string, size_t> index_;  ///< Of the files, by key.

  std::mutex mutex_;
  // Guarded by mutex_:
  bool stopped_ = false;
  size_t window_ = kFirstPieces;
  size_t next_file_ = 0;
  std::deque<Piece> ranges_;        ///< Of files whose ends are here; they go first.
  std::map<Place, int64_t> ahead_;  ///< Bytes of what was posted and not reached.
  int64_t ahead_bytes_ = 0;
};

/// What the queries of an engine share to read a remote store.
class RemoteReads {
 public:
  /// Requests under way at one time: S3 answers as many side by side as one by one.
  static constexpr int kThreads = 16;

  RemoteReads(ObjectStore* store, int64_t cache_bytes)
      : cache_(store, cache_bytes), threads_(kThreads) {}

  ReadCache* cache() { return &cache_; }
  /// Of memory, of the cache that is.
  void SetCapacity(int64_t bytes) {
    cache_.SetCapacity(bytes);
    most_ahead_ = bytes / 4;
  }
  std::shared_ptr<ReadAhead> Ahead(ScanPlan plan) {
    return std::make_shared<ReadAhead>(&cache_, &threads_, std::move(plan), most_ahead_);
  }

 private:
  ReadCache cache_;
  std::atomic<int64_t> most_ahead_ = ReadCache::kLeastCapacity / 4;
  RequestThreads threads_;  // Last: its tasks use the cache.
};

}  // namespace shoestring
