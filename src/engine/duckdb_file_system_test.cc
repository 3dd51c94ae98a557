#include "engine/duckdb_file_system.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/test_lake.h"

namespace shoestring {
namespace {

using duckdb::FileFlags;

class LakeFileSystemTest : public testing::Test {
 protected:
  LakeFileSystemTest() : files_(lake_.store()) {
    lake_.store()->Put("data/t/f.parquet", "0123456789");
    lake_.store()->Put("catalog/secret", "secret");
    DataFile file;
    file.key = "data/t/f.parquet";
    file.bytes = 10;
    files_.Declare(file);
  }

  auto Open(const std::string& path,
            duckdb::FileOpenFlags flags = FileFlags::FILE_FLAGS_READ) {
    return files_.OpenFile(path, flags, nullptr);
  }

  TestLake lake_;
  LakeFileSystem files_;
};

TEST_F(LakeFileSystemTest, ReadsRangesAndInSequence) {
  const auto handle = Open("lake://data/t/f.parquet");
  EXPECT_EQ(files_.GetFileSize(*handle), 10);
  std::string text(3, ' ');
  files_.Read(*handle, text.data(), 3, 4);
  EXPECT_EQ(text, "456");
  std::string all(20, ' ');
  EXPECT_EQ(files_.Read(*handle, all.data(), 8), 8);
  EXPECT_EQ(files_.Read(*handle, all.data() + 8, 12), 2);
  EXPECT_EQ(files_.Read(*handle, all.data(), 12), 0);
  EXPECT_EQ(all.substr(0, 10), "0123456789");
  files_.Seek(*handle, 9);
  EXPECT_EQ(files_.SeekPosition(*handle), 9);
}

TEST_F(LakeFileSystemTest, OpensOnlyWhatWasDeclared) {
  for (const char* path : {"lake://catalog/secret", "lake://data/t/other.parquet",
                           "lake://data/t/../t/f.parquet", "lake:///data/t/f.parquet",
                           "lake://", "/etc/passwd", "data/t/f.parquet"}) {
    EXPECT_THROW(Open(path), duckdb::PermissionException) << path;
    EXPECT_FALSE(files_.FileExists(path, nullptr)) << path;
    EXPECT_THROW(files_.Glob(path, nullptr), duckdb::PermissionException) << path;
  }
  EXPECT_TRUE(files_.FileExists("lake://data/t/f.parquet", nullptr));
  EXPECT_EQ(Open("lake://nothing",
                 FileFlags::FILE_FLAGS_READ | FileFlags::FILE_FLAGS_NULL_IF_NOT_EXISTS),
            nullptr);
}

TEST_F(LakeFileSystemTest, NeverWrites) {
  for (const auto flags : {FileFlags::FILE_FLAGS_WRITE, FileFlags::FILE_FLAGS_APPEND,
                           FileFlags::FILE_FLAGS_READ | FileFlags::FILE_FLAGS_WRITE}) {
    EXPECT_THROW(Open("lake://data/t/f.parquet", flags), duckdb::PermissionException);
  }
  EXPECT_ANY_THROW(files_.RemoveFile("lake://data/t/f.parquet", nullptr));
  EXPECT_ANY_THROW(files_.MoveFile("lake://data/t/f.parquet", "lake://x", nullptr));
}

TEST_F(LakeFileSystemTest, ReadsPastTheEndFail) {
  const auto handle = Open("lake://data/t/f.parquet");
  char buffer[20];
  EXPECT_THROW(files_.Read(*handle, buffer, 20, 0), duckdb::IOException);
}

TEST(QueryActivity, CountsDistinctFilesAndTables) {
  QueryActivity activity;
  activity.OpenedFile("a");
  activity.OpenedFile("a");
  activity.OpenedFile("b");
  activity.Read(10);
  activity.Read(5);
  TableMetadata table = TestLake::Table("t", {});
  table.files.resize(3);
  for (DataFile& file : table.files) file.bytes = 7;
  activity.UsesTable(table);
  activity.UsesTable(table);
  QueryStatistics statistics;
  activity.FillIn(&statistics);
  EXPECT_EQ(statistics.files, 2);
  EXPECT_EQ(statistics.requests, 2);
  EXPECT_EQ(statistics.bytes_read, 15);
  EXPECT_EQ(statistics.lake_files, 3);
  EXPECT_EQ(statistics.lake_bytes, 21);
}

TEST(QueryActivity, KeepsTheFirstFailure) {
  QueryActivity activity;
  EXPECT_FALSE(activity.failure().has_value());
  activity.Failed(Error(ErrorKind::kUnavailable, "first"));
  activity.Failed(Error(ErrorKind::kCorrupt, "second"));
  EXPECT_EQ(activity.failure()->kind(), ErrorKind::kUnavailable);
}

}  // namespace
}  // namespace shoestring
