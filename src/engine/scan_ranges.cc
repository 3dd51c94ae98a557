#include "engine/scan_ranges.h"

#include <parquet/exception.h>
#include <parquet/metadata.h>
#include <parquet/schema.h>

#include "base/error.h"
#include "lake/parquet_statistics.h"

namespace shoestring {

namespace {

// Its own length and "PAR1" end a footer.
constexpr size_t kFooterEnd = 8;

ByteRange RangeOf(const parquet::ColumnChunkMetaData& chunk) {
  int64_t begin = chunk.data_page_offset();
  if (chunk.has_dictionary_page() && chunk.dictionary_page_offset() > 0) {
    begin = std::min(begin, chunk.dictionary_page_offset());
  }
  return {begin, begin + chunk.total_compressed_size()};
}

void AddRowGroup(const parquet::FileMetaData& footer, int group,
                 const std::set<int>& fields, std::vector<ByteRange>* ranges) {
  const auto row_group = footer.RowGroup(group);
  for (int column = 0; column < row_group->num_columns(); ++column) {
    if (!fields.contains(footer.schema()->GetColumnRoot(column)->field_id())) continue;
    ranges->push_back(RangeOf(*row_group->ColumnChunk(column)));
  }
}

}  // namespace

std::vector<ByteRange> ColumnRanges(const std::string& footer, const TableMetadata& table,
                                    const std::set<int>& fields,
                                    const std::function<bool(const DataFile&)>& keeps) {
  try {
    const auto size = static_cast<int64_t>(footer.size() - kFooterEnd);
    const auto metadata = parquet::FileMetaData::Make(footer.data(), size);
    std::vector<ByteRange> ranges;
    for (int group = 0; group < metadata->num_row_groups(); ++group) {
      if (keeps(DescribeFile(*metadata->Subset({group}), table.columns))) {
        AddRowGroup(*metadata, group, fields, &ranges);
      }
    }
    return ranges;
  } catch (const parquet::ParquetException& error) {
    throw Fail(ErrorKind::kCorrupt, "Not a footer of Parquet: {}", error.what());
  }
}

}  // namespace shoestring
