#include "engine/column_pages.h"

#include <parquet/exception.h>
#include <parquet/index_location.h>
#include <parquet/metadata.h>
#include <parquet/page_index.h>
#include <parquet/properties.h>
#include <parquet/schema.h>

#include <algorithm>

#include "lake/parquet_statistics.h"

namespace shoestring {

namespace {

ByteRange RangeOf(const parquet::ColumnChunkMetaData& chunk) {
  int64_t begin = chunk.data_page_offset();
  if (chunk.has_dictionary_page() && chunk.dictionary_page_offset() > 0) {
    begin = std::min(begin, chunk.dictionary_page_offset());
  }
  return {begin, begin + chunk.total_compressed_size()};
}

std::string Read(const parquet::IndexLocation& at, const ReadIndex& read) {
  return read({at.offset, at.offset + at.length});
}

/// Pages follow each other, from the first row on, and end with the chunk.
void CheckPages(const ColumnPages& column) {
  int64_t row = -1;
  int64_t at = column.chunk.begin;
  for (const ColumnPages::Page& page : column.pages) {
    const bool follows = page.first_row > row && page.bytes.begin >= at &&
                         page.bytes.end > page.bytes.begin;
    if (!follows) throw parquet::ParquetException("Its page index has no order");
    row = page.first_row;
    at = page.bytes.end;
  }
  const bool fits = column.pages.empty() || (column.pages.front().first_row == 0 &&
                                             row < column.rows && at <= column.chunk.end);
  if (!fits) throw parquet::ParquetException("Its page index is of another column");
}

std::vector<ColumnPages::Page> ReadPages(const parquet::ColumnChunkMetaData& chunk,
                                         const ReadIndex& read) {
  std::vector<ColumnPages::Page> pages;
  const auto location = chunk.GetOffsetIndexLocation();
  if (!location) return pages;
  const std::string bytes = Read(*location, read);
  const auto index =
      parquet::OffsetIndex::Make(bytes.data(), static_cast<int64_t>(bytes.size()),
                                 parquet::default_reader_properties());
  for (const parquet::PageLocation& page : index->page_locations()) {
    pages.push_back(
        {{page.offset, page.offset + page.compressed_page_size}, page.first_row_index});
  }
  return pages;
}

int64_t EndOfPage(const ColumnPages& column, size_t page) {
  return page + 1 < column.pages.size() ? column.pages[page + 1].first_row : column.rows;
}

/// The pages of each piece, from the first to behind the last.
std::vector<PageSpan> PagesOfPieces(const ColumnPages& column) {
  std::vector<PageSpan> spans;
  size_t page = 0;
  for (int64_t row = 0; row < column.rows; row += kPieceRows) {
    while (EndOfPage(column, page) <= row) ++page;
    size_t end = page + 1;
    const int64_t last = std::min(row + kPieceRows, column.rows);
    while (EndOfPage(column, end - 1) < last) ++end;
    spans.push_back({page, end});
  }
  return spans;
}

std::vector<ColumnStatistics> ReadKnown(const parquet::ColumnChunkMetaData& chunk,
                                        const ColumnPages& column,
                                        const parquet::ColumnDescriptor& descriptor,
                                        const LakeType& type, const ReadIndex& read) {
  const auto location = chunk.GetColumnIndexLocation();
  if (!location || column.pages.empty()) return {};
  const std::string bytes = Read(*location, read);
  const auto index = parquet::ColumnIndex::Make(descriptor, bytes.data(),
                                                static_cast<int64_t>(bytes.size()),
                                                parquet::default_reader_properties());
  if (index->null_pages().size() != column.pages.size()) {
    throw parquet::ParquetException("Its page index has other pages");
  }
  return DescribePages(*index, descriptor, PagesOfPieces(column), type);
}

void Append(const ByteRange& range, std::vector<ByteRange>* to) {
  if (range.begin == range.end) return;
  if (!to->empty() && to->back().end == range.begin) {
    to->back().end = range.end;
  } else {
    to->push_back(range);
  }
}

ColumnPart WholeOf(const ColumnPages& column) {
  return {.ranges = {column.chunk},
          .pieces = std::vector<bool>(static_cast<size_t>(column.pieces()), true),
          .rows = column.rows};
}

/// Adds the pages from `begin` to before `end`, which are whole pieces, if one is wanted.
void AddStretch(const ColumnPages& column, size_t begin, size_t end,
                const std::vector<bool>& wanted, ColumnPart* part) {
  const int64_t first_row = column.pages[begin].first_row;
  const int64_t end_row = EndOfPage(column, end - 1);
  const int64_t first = first_row / kPieceRows;
  const int64_t last = (end_row + kPieceRows - 1) / kPieceRows;
  if (std::find(wanted.begin() + first, wanted.begin() + last, true) ==
      wanted.begin() + last) {
    return;
  }
  Append({column.pages[begin].bytes.begin, column.pages[end - 1].bytes.end},
         &part->ranges);
  std::fill(part->pieces.begin() + first, part->pieces.begin() + last, true);
  part->rows += end_row - first_row;
}

}  // namespace

bool ColumnPart::whole() const {
  return std::ranges::find(pieces, false) == pieces.end();
}

ColumnPages ChunkOf(const parquet::FileMetaData& footer, int group, int leaf) {
  const auto row_group = footer.RowGroup(group);
  return {.rows = row_group->num_rows(), .chunk = RangeOf(*row_group->ColumnChunk(leaf))};
}

ColumnPages PagesOf(const parquet::FileMetaData& footer, int group, int leaf,
                    const LakeType& type, const ReadIndex& read) {
  const auto chunk = footer.RowGroup(group)->ColumnChunk(leaf);
  ColumnPages column = ChunkOf(footer, group, leaf);
  column.pages = ReadPages(*chunk, read);
  CheckPages(column);
  column.known = ReadKnown(*chunk, column, *footer.schema()->Column(leaf), type, read);
  return column;
}

ColumnPart PartOf(const ColumnPages& column, const std::vector<bool>& wanted) {
  const auto count = std::ranges::count(wanted, true);
  ColumnPart part{.pieces = std::vector<bool>(wanted.size(), false)};
  if (count == 0) return part;
  const bool most = 2 * count > column.pieces();
  if (column.pages.empty() || most) return WholeOf(column);
  Append({column.chunk.begin, column.pages.front().bytes.begin}, &part.ranges);
  for (size_t begin = 0; begin < column.pages.size();) {
    size_t end = begin + 1;
    while (EndOfPage(column, end - 1) % kPieceRows != 0 && end < column.pages.size()) {
      ++end;
    }
    AddStretch(column, begin, end, wanted, &part);
    begin = end;
  }
  return part.whole() ? WholeOf(column) : part;
}

}  // namespace shoestring
