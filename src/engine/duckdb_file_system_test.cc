#include "engine/duckdb_file_system.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/test_lake.h"
#include "lake/test_lake.h"

namespace shoestring {
namespace {

using duckdb::FileFlags;

class LakeFileSystemTest : public testing::Test {
 protected:
  LakeFileSystemTest() : files_(lake_.store(), nullptr) {
    lake_.store()->Put(kKey, content_);
    lake_.store()->Put("catalog/secret", "secret");
    Declare(&files_);
  }

  void Declare(LakeFileSystem* files) {
    DataFile file;
    file.key = kKey;
    file.bytes = static_cast<int64_t>(content_.size());
    files->Declare(std::make_shared<const DataFile>(std::move(file)));
  }

  auto Open(const std::string& path,
            duckdb::FileOpenFlags flags = FileFlags::FILE_FLAGS_READ) {
    return files_.OpenFile(path, flags, nullptr);
  }

  static constexpr const char* kKey = "data/t/f.parquet";
  const std::string content_ = CheckedFile(kKey, "0123456789");
  TestLake lake_;
  LakeFileSystem files_;
};

TEST_F(LakeFileSystemTest, ReadsRangesAndInSequence) {
  const auto handle = Open("lake://data/t/f.parquet");
  const auto size = static_cast<int64_t>(content_.size());
  EXPECT_EQ(files_.GetFileSize(*handle), size);
  std::string text(3, ' ');
  files_.Read(*handle, text.data(), 3, 4);
  EXPECT_EQ(text, "456");
  std::string all(content_.size() + 20, ' ');
  EXPECT_EQ(files_.Read(*handle, all.data(), 8), 8);
  EXPECT_EQ(files_.Read(*handle, all.data() + 8, size + 12), size - 8);
  EXPECT_EQ(files_.Read(*handle, all.data(), 12), 0);
  EXPECT_EQ(all.substr(0, content_.size()), content_);
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
  char buffer[200];
  EXPECT_THROW(files_.Read(*handle, buffer, 200, 0), duckdb::IOException);
}

TEST_F(LakeFileSystemTest, DamageFails) {
  for (size_t i = 0; i < content_.size(); ++i) {
    std::string damaged = content_;
    damaged[i] = static_cast<char>(damaged[i] ^ 1);
    lake_.store()->Put(kKey, damaged);
    char buffer[5];
    LakeFileSystem files(lake_.store(), nullptr);
    Declare(&files);
    const auto handle =
        files.OpenFile("lake://data/t/f.parquet", FileFlags::FILE_FLAGS_READ, nullptr);
    EXPECT_THROW(files.Read(*handle, buffer, 5, 2), duckdb::IOException) << i;
  }
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
