#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "engine/read_ahead.h"
#include "lake/table_metadata.h"

namespace parquet {
class FileMetaData;
}

namespace shoestring {

/// A row group is read in pieces of so many rows, the last one being what is left: a page
/// of each column, in files that were written so.
constexpr int64_t kPieceRows = 2048;

/// Where the pages of one column in one row group are, and what is known of its pieces.
struct ColumnPages {
  struct Page {
    ByteRange bytes;
    int64_t first_row = 0;
  };
  int64_t rows = 0;
  ByteRange chunk;          ///< All of it, a dictionary being before the pages.
  std::vector<Page> pages;  ///< Empty when the file does not say.
  std::vector<ColumnStatistics> known;  ///< Of each piece; empty when the file has none.

  int64_t pieces() const { return (rows + kPieceRows - 1) / kPieceRows; }
};

/// Gives bytes of a file.
using ReadIndex = std::function<std::string(const ByteRange& range)>;

/// Of a column by its place in the footer, by what the page index says, of which only
/// this column's is read. Throws parquet::ParquetException for an index that is not of
/// this column.
ColumnPages PagesOf(const parquet::FileMetaData& footer, int group, int leaf,
                    const LakeType& type, const ReadIndex& read);

/// The same without pages, for who wants all of it.
ColumnPages ChunkOf(const parquet::FileMetaData& footer, int group, int leaf);

/// A part of a column in one row group that can be decoded for itself.
struct ColumnPart {
  std::vector<ByteRange> ranges;  ///< Its dictionary and pages, in order.
  std::vector<bool> pieces;       ///< Which it has.
  int64_t rows = 0;               ///< Of those, together.

  bool whole() const;
};

/// The least part that has the pieces that are wanted; all when that is most of them.
ColumnPart PartOf(const ColumnPages& column, const std::vector<bool>& wanted);

}  // namespace shoestring
