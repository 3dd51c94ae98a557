#pragma once

#include "lake/table_metadata.h"

namespace parquet {
class FileMetaData;
}

namespace shoestring {

/// What the catalog keeps of a Parquet file, from its footer: rows, where it is
/// worth splitting, and per column counts and bounds as Iceberg serializes single values.
DataFile DescribeFile(const parquet::FileMetaData& footer,
                      const std::vector<LakeColumn>& columns);

/// The same of one column, by its place in the footer, in one row group; nothing where
/// the file has no statistics of it.
std::optional<ColumnStatistics> DescribeChunk(const parquet::FileMetaData& footer,
                                              int group, int leaf, const LakeType& type);

}  // namespace shoestring
