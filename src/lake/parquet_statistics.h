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

}  // namespace shoestring
