#pragma once

#include <duckdb/common/file_opener.hpp>

#include <memory>
#include <string>

#include "engine/column_pages.h"
#include "engine/duckdb_file_system.h"

namespace parquet {
class ColumnReader;
class FileMetaData;
}  // namespace parquet

namespace shoestring {

class RangeFile;

/// One data file as Arrow's Parquet library reads it, through the lake's file system:
/// what is read is counted and checked there, and its errors pass through as they are.
/// One thread.
class ParquetInput {
 public:
  ParquetInput(LakeFileSystem* files, const std::string& path,
               duckdb::FileOpener* opener);
  ~ParquetInput();

  /// Throws parquet::ParquetException for what is no footer.
  std::shared_ptr<parquet::FileMetaData> ReadFooter();
  /// Throws parquet::ParquetException for a page index that is not of the column.
  ColumnPages Pages(const parquet::FileMetaData& footer, int group, int leaf,
                    const LakeType& type);
  /// Reads a part of one column of one row group, and nothing else; a dictionary of texts
  /// is shown as such. Must not outlive the footer.
  std::shared_ptr<parquet::ColumnReader> Column(const parquet::FileMetaData& footer,
                                                int group, int leaf,
                                                const ColumnPart& part);

 private:
  const std::shared_ptr<RangeFile> source_;
};

}  // namespace shoestring
