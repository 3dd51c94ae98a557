#pragma once

#include <arrow/util/compression.h>

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"

namespace shoestring {

/// Where sorted runs wait for their merge: in memory up to a limit, then in one temporary
/// file that has no name and so goes away with the process. Thread-safe.
class SpillStore {
 public:
  /// `directory` is used only when memory does not suffice.
  SpillStore(int64_t memory_limit, std::string directory);
  ~SpillStore();

  /// A place of stored bytes: in memory, or in the file when `memory` is empty.
  struct Chunk {
    std::shared_ptr<const std::string> memory;
    int64_t offset = 0;
  };
  Chunk Put(Bytes bytes);
  /// Bytes of a chunk: where they are in memory, else read into `room`.
  Bytes Read(const Chunk& chunk, int64_t offset, size_t size,
             std::vector<uint8_t>* room) const;

  int64_t spilled_bytes() const { return spilled_bytes_; }
  /// To be called by who lets go of chunks in memory.
  void Release(const Chunk& chunk);

 private:
  int FileDescriptor();

  const int64_t memory_limit_;
  const std::string directory_;
  std::atomic<int64_t> memory_used_ = 0;
  std::atomic<int64_t> spilled_bytes_ = 0;

  std::mutex mutex_;
  int file_ = -1;  // Under mutex_ until it is open.
};

/// Records in the order of their keys, all with the same partition.
struct SortedSegment {
  struct Block {
    uint32_t chunk = 0;
    uint32_t offset = 0;
    uint32_t stored_bytes = 0;  ///< As many as raw ones: it is not compressed.
    uint32_t raw_bytes = 0;
  };
  std::string partition;
  int64_t rows = 0;
  int64_t raw_bytes = 0;
  std::vector<Block> blocks;       ///< Of records.
  std::vector<Block> wide_values;  ///< Slices of values that are too large for a block.
};

/// A sorted, compressed part of the input: segments in the order of their partitions.
struct SortedRun {
  std::vector<SpillStore::Chunk> chunks;
  std::vector<SortedSegment> segments;
};

/// Gathers records in memory of a fixed size and turns them into sorted runs. One thread.
class SortBuffer {
 public:
  /// The first `partition_bytes` of each key name its partition.
  SortBuffer(int64_t capacity_bytes, size_t partition_bytes, SpillStore* store);

  bool empty() const { return entries_.empty(); }
  /// Begins a record: room for a value of `most_bytes`, which End() takes in. Nullptr
  /// when it does not fit any more: Flush() first. An empty buffer has room for any.
  uint8_t* Begin(std::string_view key, size_t most_bytes);
  void End(const uint8_t* value_end);
  /// Everything so far as a sorted run; the buffer is empty again.
  SortedRun Flush();

 private:
  struct Entry {
    unsigned __int128 prefix;
    uint64_t offset;
    uint32_t key_bytes;
  };
  std::string_view KeyOf(const Entry& entry) const;
  void Prefetch(const Entry& entry) const;
  void Sort();

  const size_t capacity_;
  const size_t partition_bytes_;
  SpillStore* const store_;
  std::unique_ptr<char[]> records_;
  size_t room_ = 0;  ///< Of records_.
  size_t used_ = 0;  ///< By whole records.
  std::vector<Entry> entries_;
};

/// Reads one partition out of many runs in the order of the keys. One thread.
class MergeReader {
 public:
  struct Source {
    const SortedRun* run;
    const SortedSegment* segment;
  };
  MergeReader(std::vector<Source> sources, const SpillStore* store);
  ~MergeReader();

  /// The next record's value, valid until the next call; nothing at the end.
  std::optional<Bytes> Next();
  /// Gives back the memory of a large value that Next() has returned.
  void Release();

 private:
  class Cursor;
  void SiftDown(size_t at);

  std::vector<uint8_t> room_;  ///< Of all cursors.
  std::vector<std::unique_ptr<Cursor>> heap_;
  std::vector<uint8_t> wide_value_;
  bool started_ = false;
};

/// The runs of one table, and what is in them by partition. Thread-safe until merged.
class SortedRuns {
 public:
  void Add(SortedRun run);

  struct Partition {
    int64_t rows = 0;
    int64_t raw_bytes = 0;
    std::vector<MergeReader::Source> sources;
  };
  /// By partition bytes, in order. To be called after the last Add().
  std::map<std::string, Partition> Partitions() const;
  void Clear(SpillStore* store);

 private:
  mutable std::mutex mutex_;
  std::vector<std::unique_ptr<SortedRun>> runs_;
};

}  // namespace shoestring
