#pragma once

#include <duckdb/common/file_opener.hpp>

#include <memory>
#include <string>

#include "engine/duckdb_file_system.h"

namespace parquet {
class ColumnReader;
class FileMetaData;
class ParquetFileReader;
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
  /// Reads one column of one row group, and nothing else; a dictionary of texts is shown
  /// as such. Must not outlive this.
  std::shared_ptr<parquet::ColumnReader> Column(
      const std::shared_ptr<parquet::FileMetaData>& footer, int group, int leaf);

 private:
  const std::shared_ptr<RangeFile> source_;
  std::unique_ptr<parquet::ParquetFileReader> reader_;  ///< From the first column on.
};

}  // namespace shoestring
