#pragma once

#include <arrow/type_fwd.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace shoestring {

/// Answers of queries in a folder of this user's own, a file each: Arrow's IPC stream,
/// then what it answers and a checksum of it all. Any number of processes use one folder;
/// what was used longest ago goes first. A file that is not whole, or of another key, is
/// as if it were not there. Thread-safe.
class ResultCache {
 public:
  struct Bounds {
    int64_t bytes = 512 << 20;
    int64_t entries = 1000;
    int64_t entry_bytes = 64 << 20;  ///< A larger answer is not kept.
  };

  /// Makes the folder, for its owner alone; throws as MakePrivateFolder().
  ResultCache(std::string folder, Bounds bounds);

  struct Answer {
    std::shared_ptr<arrow::Schema> schema;
    std::vector<std::shared_ptr<arrow::RecordBatch>> batches;
    std::chrono::milliseconds age{0};
  };

  /// `key` is whatever the answer hangs on, of any length.
  std::optional<Answer> Find(const std::string& key) const;

  /// Takes an answer as it comes; destroyed before Finish(), it leaves nothing behind.
  /// What cannot be written is not kept, and no error. One thread.
  class Writer {
   public:
    virtual ~Writer() = default;
    virtual void Write(const arrow::RecordBatch& batch) = 0;
    /// After the last batch: from now on the answer is found.
    virtual void Finish() = 0;
  };
  /// Must not outlive the cache.
  std::unique_ptr<Writer> Begin(std::string key,
                                const std::shared_ptr<arrow::Schema>& schema) const;

 private:
  class FileWriter;

  std::string PathOf(const std::string& key) const;
  void MakeRoom(int64_t bytes) const;

  const std::string folder_;
  const Bounds bounds_;
};

}  // namespace shoestring
