#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "lake/object_store.h"

namespace shoestring {

// Checksums that a data file has of itself, between its data and its footer, where no
// reader of Parquet looks: one for each block of 2 KiB, and one of them all, of the
// footer and of the file's key. Files of earlier versions have blocks of 8 KiB. Whoever
// reads a part of a file can tell by them that it is as it was written, and the file that
// was asked for. docs/formats.md has it byte by byte.

/// Takes the bytes of a file as they are written.
class FileChecksumWriter {
 public:
  /// Blocks of another size are those of earlier versions.
  explicit FileChecksumWriter(int64_t block = 2048) : block_bytes_(block) {}

  void Append(Bytes bytes);
  /// What stands between those bytes and the footer, which goes to the end of the file.
  std::string Finish(std::string_view key, Bytes footer) &&;

 private:
  const int64_t block_bytes_;
  std::string block_;
  std::string checksums_;
  int64_t bytes_ = 0;
};

/// The checksums of a file's blocks. Immutable.
class FileChecksums {
 public:
  /// What blocks may have: as many as are written now, or as earlier versions wrote. How
  /// many checksums there are tells which.
  static constexpr int64_t kBlocks[] = {2048, 8192};
  /// A multiple of every block, for who does not know the file yet.
  static constexpr int64_t kLargestBlock = 8192;

  /// Where in a file of `size` bytes its checksums begin, by its last bytes; if these are
  /// too few to tell, where to read from. Throws kCorrupt when it is no such file.
  static int64_t Begin(std::string_view key, int64_t size, Bytes end);
  /// From all bytes from Begin() to the end. Throws kCorrupt when they are not as
  /// written.
  FileChecksums(std::string_view key, int64_t size, Bytes end);

  /// Bytes before the checksums, which they are of.
  int64_t covered() const { return covered_; }
  /// Bytes that each checksum is of, but the last.
  int64_t block() const { return block_; }
  /// Checks whole blocks that begin at `offset`. Throws kCorrupt.
  void Check(std::string_view key, int64_t offset, Bytes bytes) const;

 private:
  int64_t covered_;
  int64_t block_;
  std::vector<uint64_t> checksums_;
};

/// The end of a data file, checked: whole blocks of data, checksums, footer.
struct FileEnd {
  int64_t begin = 0;  ///< Where in the file the bytes begin.
  std::string bytes;
  std::shared_ptr<const FileChecksums> checksums;
};

/// Gives bytes of a file, from `begin` to before `end`.
using ReadBytes = std::function<std::string(int64_t begin, int64_t end)>;

/// Asks once when the last `guess` bytes hold all checksums, else once more, or twice.
/// Throws kCorrupt.
FileEnd ReadFileEnd(std::string_view key, int64_t size, int64_t guess,
                    const ReadBytes& read);

/// Reads parts of a data file, and hands out nothing that is not as it was written.
/// Thread-safe.
class CheckedReader {
 public:
  /// Called with the bytes of each request to the store.
  using OnRequest = std::function<void(int64_t)>;

  /// `size` is what the catalog says. `known` spares a request when its checksums were
  /// read before.
  CheckedReader(ObjectStore* store, std::string key, int64_t size,
                std::shared_ptr<const FileChecksums> known);

  /// Throws kCorrupt, also when the file ends before.
  void Read(int64_t offset, std::span<uint8_t> to, const OnRequest& on_request);
  /// Nothing before the first Read().
  std::shared_ptr<const FileChecksums> checksums() const;

 private:
  void LoadEnd(const OnRequest& on_request);
  void ReadBlocks(int64_t offset, std::span<uint8_t> to, const OnRequest& on_request);
  bool CopyEdge(int64_t begin, uint8_t* to) const;
  void KeepEdge(int64_t begin, std::span<const uint8_t> block);

  ObjectStore* const store_;
  const std::string key_;
  const int64_t size_;

  mutable std::mutex mutex_;
  // Under mutex_ until they are set, then never changed:
  std::shared_ptr<const FileChecksums> checksums_;
  FileEnd end_;  ///< Without bytes until it is needed.
  /// First and last blocks of earlier reads, by where they begin: what is read next may
  /// have its other part in one of them. Guarded by mutex_.
  std::map<int64_t, std::vector<uint8_t>> edges_;
};

}  // namespace shoestring
