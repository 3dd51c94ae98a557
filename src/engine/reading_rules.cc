#include "engine/reading_rules.h"

#include <algorithm>

namespace shoestring {

namespace {

/// A part that is longer than a read may be is read in pieces, and joined to no other.
Reads ReadsOfPart(const ReadingRules& rules, const ByteRange& part) {
  const int64_t bytes = part.end - part.begin;
  return {bytes, (bytes + rules.longest - 1) / rules.longest};
}

ByteRange InBlocks(const ByteRange& part, int64_t block, int64_t file_bytes) {
  const int64_t end = (part.end + block - 1) / block * block;
  return {part.begin / block * block, std::min(end, file_bytes)};
}

}  // namespace

Reads ReadsOf(const ReadingRules& rules, int64_t file_bytes,
              std::vector<ByteRange> parts) {
  if (file_bytes <= rules.whole_file) return {file_bytes, 1};
  for (ByteRange& part : parts) part = InBlocks(part, rules.block, file_bytes);
  std::ranges::sort(parts, {}, &ByteRange::begin);
  Reads reads{std::min(file_bytes, rules.file_end), 1};
  for (size_t i = 0; i < parts.size();) {
    ByteRange joined = parts[i++];
    while (i < parts.size() && parts[i].begin <= joined.end + rules.near &&
           parts[i].end - joined.begin <= rules.longest) {
      joined.end = std::max(joined.end, parts[i++].end);
    }
    reads += ReadsOfPart(rules, joined);
  }
  return reads;
}

}  // namespace shoestring
