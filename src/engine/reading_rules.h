#pragma once

#include <cstdint>
#include <vector>

#include "engine/read_ahead.h"
#include "lake/read_cache.h"

namespace shoestring {

/// How a reader takes what it needs out of a Parquet file.
struct ReadingRules {
  int64_t whole_file = 0;  ///< A file of up to so many bytes is read whole, at once.
  int64_t file_end = 0;    ///< Read of a larger one, to find its footer.
  int64_t near = 0;        ///< Parts with no more than this between them are read as one,
  int64_t longest = 0;     ///< unless that were more than this.
  int64_t block = 1;       ///< Reads begin and end at its multiples.
};

/// DuckDB on a folder: each read goes to the operating system.
inline constexpr ReadingRules kFolderRules{0, 24 << 10, 16 << 10, 64 << 20};
/// Our scan for what filters leave, on a folder: page after page, in blocks of checksums.
inline constexpr ReadingRules kPageRules{0, 16 << 10, 0, 64 << 20, 2 << 10};
/// DuckDB on a bucket, through ReadCache.
inline constexpr ReadingRules kBucketRules{ReadCache::kWholeFile, 64 << 10,
                                           ReadCache::kLeastRead, 8 << 20};
/// Trino, and Athena that comes from it: parquet.small-file-threshold,
/// parquet.max-merge-distance and parquet.max-buffer-size as they are by default.
inline constexpr ReadingRules kTrinoRules{3 << 20, 48 << 10, 1 << 20, 8 << 20};

struct Reads {
  int64_t bytes = 0;
  int64_t requests = 0;

  Reads& operator+=(const Reads& other) {
    bytes += other.bytes;
    requests += other.requests;
    return *this;
  }
  bool operator==(const Reads&) const = default;
};

/// What is read of a file of `file_bytes` to get these parts of it.
Reads ReadsOf(const ReadingRules& rules, int64_t file_bytes,
              std::vector<ByteRange> parts);

}  // namespace shoestring
