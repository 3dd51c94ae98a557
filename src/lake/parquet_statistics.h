#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "lake/table_metadata.h"

namespace parquet {
class ColumnDescriptor;
class ColumnIndex;
class FileMetaData;
}  // namespace parquet

namespace shoestring {

/// What the catalog keeps of a Parquet file, from its footer: rows, where it is
/// worth splitting, and per column counts and bounds as Iceberg serializes single values.
DataFile DescribeFile(const parquet::FileMetaData& footer,
                      const std::vector<LakeColumn>& columns);

/// The same of one column, by its place in the footer, in one row group; nothing where
/// the file has no statistics of it.
std::optional<ColumnStatistics> DescribeChunk(const parquet::FileMetaData& footer,
                                              int group, int leaf, const LakeType& type);

/// Pages of a column, from `begin` to before `end`.
struct PageSpan {
  size_t begin = 0;
  size_t end = 0;
};

/// The same of pages, by their index, which must have all of `spans`. Values are counted
/// only where it tells that there are none but nulls.
std::vector<ColumnStatistics> DescribePages(const parquet::ColumnIndex& index,
                                            const parquet::ColumnDescriptor& column,
                                            const std::vector<PageSpan>& spans,
                                            const LakeType& type);

}  // namespace shoestring
