#include "lake/folder_store.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <map>
#include <mutex>
#include <random>
#include <thread>

#include "lake/test_lake.h"

namespace {

namespace fs = std::filesystem;

/// What fsync() was called for since a test asked to know, and whether `commit` was there
/// by then.
struct Disk {
  std::mutex mutex;
  std::string commit;
  std::map<std::string, bool> synced;
  std::string broken;  ///< Of this path nothing can be written.
};
Disk disk;

}  // namespace

/// In the place of libc's.
extern "C" int fsync(int fd) {
  const std::string path = fs::read_symlink("/proc/self/fd/" + std::to_string(fd));
  const std::lock_guard lock(disk.mutex);
  if (path == disk.broken) {
    errno = EIO;
    return -1;
  }
  if (!disk.commit.empty()) disk.synced.try_emplace(path, fs::exists(disk.commit));
  return static_cast<int>(syscall(SYS_fsync, fd));
}

namespace shoestring {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;
using testing::StartsWith;

class FolderStoreTest : public testing::Test {
 protected:
  std::string Path(std::string_view key) {
    return folder_.path() + "/" + std::string(key);
  }

  void WriteFile(std::string_view key, std::string_view content) {
    fs::create_directories(fs::path(Path(key)).parent_path());
    std::ofstream(Path(key)) << content;
  }

  StagedObject Stage(std::string_view key, std::string_view content) {
    auto writer = store_.Create(key, "run");
    writer->Append(AsBytes(content));
    return std::move(*writer).Finish();
  }

  std::vector<std::string> Keys(std::string_view prefix = "") {
    std::vector<std::string> keys;
    for (const ObjectInfo& object : store_.List(prefix)) keys.push_back(object.key);
    return keys;
  }

  std::string Read(std::string_view key, int64_t offset, size_t size,
                   std::string* etag = nullptr) {
    std::string content(size, '?');
    store_.ReadRange(key, offset, {reinterpret_cast<uint8_t*>(content.data()), size},
                     etag);
    return content;
  }

  TemporaryFolder folder_;
  FolderStore store_{folder_.path()};
};

TEST_F(FolderStoreTest, TokensAreKeys) {
  EXPECT_EQ(KindOf([&] { store_.Publish({.key = "k", .size = 0, .token = "../a"}); }),
            ErrorKind::kInvalidArgument);
}

TEST_F(FolderStoreTest, StagesUntilPublished) {
  const std::string large(1 << 20, 'x');
  auto writer = store_.Create("data/t/year=1/a.parquet", "run");
  std::string expected;
  for (const std::string& part :
       {std::string("head"), large, std::string("tail"), std::string(200 << 10, 'y'),
        std::string(100 << 10, 'z')}) {
    writer->Append(AsBytes(part));
    expected += part;
  }
  const StagedObject staged = std::move(*writer).Finish();
  EXPECT_EQ(staged.size, static_cast<int64_t>(expected.size()));
  EXPECT_THAT(staged.token, StartsWith("runs/run/staging/"));
  EXPECT_THAT(Keys("data/"), IsEmpty());
  EXPECT_THAT(Keys("runs/run/"), ElementsAre(staged.token));
  store_.Publish(staged);
  EXPECT_EQ(store_.Get("data/t/year=1/a.parquet").content, expected);
  EXPECT_THAT(Keys("runs/"), IsEmpty());
  EXPECT_FALSE(fs::exists(Path("runs/run"))) << "no empty folders stay";
}

/// A store whose calls of fsync() are looked at.
class DurableFolderStoreTest : public FolderStoreTest {
 protected:
  DurableFolderStoreTest() { disk.commit = Path("catalog/lake.json"); }
  ~DurableFolderStoreTest() override {
    disk.commit.clear();
    disk.synced.clear();
    disk.broken.clear();
  }

  void Commit() { store_.PutIf("catalog/lake.json", "{}", std::nullopt); }

  void ExpectSyncedBeforeCommit(const std::string& key) {
    EXPECT_THAT(disk.synced, Contains(Pair(Path(key), false)));
  }
};

TEST_F(DurableFolderStoreTest, WhatACommitNamesIsDurableBefore) {
  const auto temporary = Pair(StartsWith(Path("runs/tmp/")), false);
  store_.Publish(Stage("data/t/year=1/a", "content"));
  const std::string staged = Stage("data/t/b", "content").token;
  EXPECT_THAT(disk.synced, IsEmpty()) << "each alone would take its time";
  store_.Put("catalog/t/metadata", "content");
  EXPECT_THAT(disk.synced, ElementsAre(temporary));
  Commit();
  for (const std::string key :
       {"data/t/year=1/a", "data/t/year=1", "data/t", "data", "catalog/t", "catalog"}) {
    ExpectSyncedBeforeCommit(key);
  }
  ExpectSyncedBeforeCommit(staged);
  EXPECT_THAT(disk.synced, Contains(Pair(folder_.path(), false)));
  EXPECT_THAT(disk.synced, Contains(temporary).Times(2)) << "lake.json, too";
}

TEST_F(DurableFolderStoreTest, ACommitIsDurableItself) {
  store_.PutIf("catalog/lake.json", "{}", std::nullopt);
  EXPECT_THAT(disk.synced, Contains(Pair(Path("catalog"), true)));
}

TEST_F(DurableFolderStoreTest, SyncsWhatTheDeadHavePublished) {
  const StagedObject object = Stage("data/t/a", "content");
  FolderStore(folder_.path()).Publish(object);
  FolderStore next(folder_.path());
  next.Publish(object);
  next.PutIf("catalog/lake.json", "{}", std::nullopt);
  ExpectSyncedBeforeCommit("data/t/a");
  ExpectSyncedBeforeCommit("data/t");
}

TEST_F(DurableFolderStoreTest, WhatTheDiskLostStaysLost) {
  store_.Publish(Stage("data/a", "content"));
  disk.broken = Path("data/a");
  EXPECT_EQ(KindOf([&] { Commit(); }), ErrorKind::kUnavailable);
  disk.broken.clear();  // It tells once, and then takes the file for written.
  EXPECT_EQ(KindOf([&] { Commit(); }), ErrorKind::kUnavailable);
  EXPECT_FALSE(store_.Head("catalog/lake.json"));
}

TEST_F(FolderStoreTest, WriterThatIsNotFinishedLeavesNothing) {
  {
    auto writer = store_.Create("data/a", "run");
    writer->Append(AsBytes(std::string(1 << 20, 'x')));
    EXPECT_EQ(Keys().size(), 1u);
  }
  EXPECT_THAT(Keys(), IsEmpty());
  EXPECT_FALSE(fs::exists(Path("runs/run")));
}

TEST_F(FolderStoreTest, DeletesEmptyFoldersToo) {
  store_.Put("data/t/year=1/month=1/a", "");
  store_.Put("data/t/year=1/month=2/b", "");
  store_.Delete("data/t/year=1/month=1/a");
  EXPECT_FALSE(fs::exists(Path("data/t/year=1/month=1")));
  EXPECT_TRUE(fs::exists(Path("data/t/year=1/month=2/b")));
  store_.Delete("data/t/year=1/month=2/b");
  EXPECT_FALSE(fs::exists(Path("data/t")));
  EXPECT_TRUE(fs::exists(Path("data")));
  store_.Delete("data/t/year=1/month=2/b");
  store_.Delete("data");
  EXPECT_TRUE(fs::exists(Path("data"))) << "a folder is no object";
}

TEST_F(FolderStoreTest, PublishesWhileOthersDelete) {
  std::atomic<bool> stop = false;
  std::thread other([&] {
    FolderStore own(folder_.path());
    while (!stop) own.Delete("data/t/year=1/month=1/other");
  });
  for (int i = 0; i < 100; ++i) {
    const std::string key = "data/t/year=1/month=1/" + std::to_string(i);
    store_.Publish(Stage(key, "content"));
    store_.Delete(key);
  }
  stop = true;
  other.join();
}

TEST_F(FolderStoreTest, SweepsWhatTheDeadLeft) {
  WriteFile("runs/tmp/dead", "x");
  WriteFile("runs/tmp/alive", "x");
  const int alive = open(Path("runs/tmp/alive").c_str(), O_RDONLY);
  ASSERT_EQ(flock(alive, LOCK_EX), 0);
  store_.PutIf("a", "1", std::nullopt);
  EXPECT_THAT(Keys("runs/tmp/"), ElementsAre("runs/tmp/alive"));
  close(alive);
}

TEST_F(FolderStoreTest, DoesNotFollowLinks) {
  const TemporaryFolder outside;
  std::ofstream(outside.path() + "/secret") << "secret";
  fs::create_directories(Path("data/t"));
  fs::create_symlink(outside.path() + "/secret", Path("data/t/file"));
  fs::create_directory_symlink(outside.path(), Path("data/folder"));
  const auto expect_refused = [&](auto call) {
    EXPECT_EQ(KindOf(call), ErrorKind::kPermission);
  };
  expect_refused([&] { store_.Get("data/t/file"); });
  expect_refused([&] { store_.Get("data/folder/secret"); });
  expect_refused([&] { Read("data/folder/secret", 0, 1); });
  expect_refused([&] { store_.Head("data/folder/secret"); });
  expect_refused([&] { store_.List("data/folder/"); });
  expect_refused([&] { store_.Put("data/folder/new", "x"); });
  expect_refused([&] { store_.Delete("data/folder/secret"); });
  EXPECT_FALSE(store_.Head("data/t/file"));
  EXPECT_THAT(Keys(), IsEmpty());
  store_.Put("data/t/file", "replaced");
  EXPECT_FALSE(fs::is_symlink(Path("data/t/file")));
  EXPECT_TRUE(fs::exists(outside.path() + "/secret"));
}

TEST_F(FolderStoreTest, NamedPipesDoNotBlock) {
  ASSERT_EQ(mkfifo(Path("pipe").c_str(), 0600), 0);
  EXPECT_EQ(KindOf([&] { store_.Get("pipe"); }), ErrorKind::kNotFound);
  EXPECT_FALSE(store_.Head("pipe"));
  EXPECT_THAT(Keys(), IsEmpty());
}

TEST_F(FolderStoreTest, FoldersInTheWay) {
  store_.Put("data/a", "file");
  store_.Put("data/b/c", "file");
  EXPECT_EQ(KindOf([&] { store_.Put("data/a/b", "x"); }), ErrorKind::kConflict);
  EXPECT_EQ(KindOf([&] { store_.Put("data/b", "x"); }), ErrorKind::kConflict);
  EXPECT_EQ(store_.Get("data/a").content, "file");
  EXPECT_THAT(Keys("runs/"), IsEmpty());
}

TEST_F(FolderStoreTest, Counts) {
  store_.Put("a", "12345");
  store_.Publish(Stage("b", "123"));
  store_.Get("a");
  Read("a", 0, 2);
  Keys();
  const StoreStatistics statistics = store_.statistics();
  EXPECT_EQ(statistics.puts, 1);
  EXPECT_EQ(statistics.uploads, 1);
  EXPECT_EQ(statistics.publishes, 1);
  EXPECT_EQ(statistics.bytes_written, 8);
  EXPECT_EQ(statistics.gets, 2);
  EXPECT_EQ(statistics.bytes_read, 7);
  EXPECT_EQ(statistics.lists, 1);
}

TEST(FolderStoreErrorTest, KindsOfSystemErrors) {
  const std::pair<int, ErrorKind> cases[] = {
      {ENOSPC, ErrorKind::kLimit},     {EDQUOT, ErrorKind::kLimit},
      {EMFILE, ErrorKind::kLimit},     {EACCES, ErrorKind::kPermission},
      {EROFS, ErrorKind::kPermission}, {ENOENT, ErrorKind::kNotFound},
      {EISDIR, ErrorKind::kConflict},  {ENAMETOOLONG, ErrorKind::kInvalidArgument},
      {EIO, ErrorKind::kUnavailable},
  };
  for (const auto& [error, kind] : cases) {
    const Error failed = FailSystem("write", "data/t/x", error);
    EXPECT_EQ(failed.kind(), kind) << error;
    EXPECT_THAT(failed.what(), HasSubstr("data/t/x"));
  }
  EXPECT_THAT(FailSystem("write", "x", ENOSPC).what(), HasSubstr("Disk full"));
}

TEST(FolderStoreErrorTest, NoPermission) {
  const TemporaryFolder folder;
  // Root may write everywhere: so be somebody else meanwhile.
  const uid_t self = geteuid();
  constexpr uid_t kNobody = 65534;
  if (self == 0) {
    ASSERT_EQ(chown(folder.path().c_str(), kNobody, static_cast<gid_t>(-1)), 0);
    ASSERT_EQ(seteuid(kNobody), 0);
  }
  FolderStore store(folder.path());
  fs::permissions(folder.path(), fs::perms::owner_read | fs::perms::owner_exec);
  EXPECT_EQ(KindOf([&] { store.Put("a", "x"); }), ErrorKind::kPermission);
  fs::permissions(folder.path(), fs::perms::owner_all);
  ASSERT_EQ(seteuid(self), 0);
}

TEST(OpenObjectStoreTest, Addresses) {
  const TemporaryFolder folder;
  const std::string spaced = folder.path() + "/my lake";
  EXPECT_EQ(KindOf([&] { OpenObjectStore(spaced, false); }), ErrorKind::kNotFound);
  EXPECT_EQ(OpenObjectStore(spaced, true)->Uri(), "file://" + spaced);
  EXPECT_EQ(OpenObjectStore("file://" + spaced, false)->Uri(), "file://" + spaced);
  EXPECT_EQ(OpenObjectStore(spaced + "/../my lake/", false)->Uri(), "file://" + spaced);
  fs::create_directory_symlink(spaced, folder.path() + "/link");
  EXPECT_EQ(OpenObjectStore(folder.path() + "/link", false)->Uri(), "file://" + spaced);
  EXPECT_EQ(OpenObjectStore(folder.path() + "/a#b", true)->Uri(), folder.path() + "/a#b");
  EXPECT_EQ(OpenObjectStore("s3://bucket/a/b/", true)->Uri(), "s3://bucket/a/b");
  for (const char* lake : {"", "file://", "gs://bucket", "s3://"}) {
    EXPECT_EQ(KindOf([&] { OpenObjectStore(lake, true); }), ErrorKind::kInvalidArgument);
  }
  std::ofstream(folder.path() + "/file") << "x";
  EXPECT_EQ(KindOf([&] { OpenObjectStore(folder.path() + "/file", false); }),
            ErrorKind::kConflict);
  EXPECT_EQ(KindOf([&] { OpenObjectStore(folder.path() + "/file/below", true); }),
            ErrorKind::kConflict);
}

}  // namespace
}  // namespace shoestring
