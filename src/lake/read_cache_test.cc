#include "lake/read_cache.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <random>
#include <thread>

#include "lake/folder_store.h"
#include "lake/test_distant_store.h"

namespace shoestring {
namespace {

using testing::ElementsAre;

constexpr int64_t kBlock = FileChecksums::kBlocks[0];

class ReadCacheTest : public testing::Test {
 protected:
  /// A file of so many bytes of data, written again if it is there already.
  DataFile Write(const std::string& key, int64_t size, uint32_t seed = 1) {
    std::mt19937 random(seed);
    std::string data(static_cast<size_t>(size), '\0');
    for (char& byte : data) byte = static_cast<char>(random());
    contents_[key] = CheckedFile(key, data);
    Overwrite(key, contents_[key]);
    return {.key = key, .bytes = static_cast<int64_t>(contents_[key].size())};
  }

  void Overwrite(const std::string& key, const std::string& content) {
    const std::filesystem::path path = folder_.path() + "/" + key;
    std::filesystem::create_directories(path.parent_path());
    std::filesystem::remove(path);
    std::ofstream(path) << content;  // Put() would sync it.
  }

  void ExpectRead(const DataFile& file, int64_t offset, int64_t size) {
    std::string bytes(static_cast<size_t>(size), '\0');
    cache_.Read(file, offset, {reinterpret_cast<uint8_t*>(bytes.data()), bytes.size()},
                [this](int64_t count) { requests_.push_back(count); });
    EXPECT_TRUE(bytes == contents_[file.key].substr(static_cast<size_t>(offset),
                                                    static_cast<size_t>(size)))
        << offset << " " << size;
  }

  ErrorKind KindOfRead(const DataFile& file, int64_t offset, int64_t size) {
    return KindOf([&] {
      std::string bytes(static_cast<size_t>(size), '\0');
      cache_.Read(file, offset, {reinterpret_cast<uint8_t*>(bytes.data()), bytes.size()},
                  [](int64_t) {});
    });
  }

  size_t Requests() { return store_.TakeRequests().size(); }

  TemporaryFolder folder_;
  FolderStore folder_store_{folder_.path()};
  DistantStore store_{&folder_store_};
  ReadCache cache_{&store_, 64 << 20};
  std::map<std::string, std::string> contents_;
  std::vector<int64_t> requests_;
};

TEST_F(ReadCacheTest, ASmallFileIsOneRequest) {
  const DataFile file = Write("data/t/a", 3 << 20);
  ExpectRead(file, 100'000, 200'000);
  ExpectRead(file, 0, file.bytes);
  ExpectRead(file, file.bytes - 10, 10);
  EXPECT_THAT(requests_, ElementsAre(file.bytes));
  EXPECT_EQ(cache_.held(), file.bytes);
}

TEST_F(ReadCacheTest, OfALargeFileItReadsTheEndAndWhatIsAskedFor) {
  const DataFile file = Write("data/t/a", 10 << 20);
  ExpectRead(file, 3'000'000, 10);
  ExpectRead(file, 3'000'010, 900'000);
  ASSERT_EQ(requests_.size(), 2);
  EXPECT_EQ(requests_[0], 64 << 10);
  EXPECT_EQ(requests_[1], ReadCache::kLeastRead);
  // Only the gap before what is here, then only what is behind that.
  ExpectRead(file, 2'900'000, 200'000);
  ASSERT_EQ(requests_.size(), 3);
  EXPECT_EQ(requests_[2], 3'000'000 / kBlock * kBlock - 2'900'000 / kBlock * kBlock);
  ExpectRead(file, 2'900'000, 5'000'000);
  EXPECT_EQ(requests_.size(), 4);
  ExpectRead(file, 2'900'000, 5'000'000);
  ExpectRead(file, file.bytes - 20'000, 20'000);
  EXPECT_EQ(requests_.size(), 4);
}

TEST_F(ReadCacheTest, AnyRangeIsRight) {
  const DataFile file = Write("data/t/a", (7 << 20) + 123);
  std::mt19937 random(7);
  for (int i = 0; i < 300; ++i) {
    if (i % 30 == 0) cache_.SetCapacity(i % 60 == 0 ? 0 : 64 << 20);
    const auto offset = static_cast<int64_t>(random() % static_cast<size_t>(file.bytes));
    const auto most = std::min<int64_t>(file.bytes - offset, 1 << (random() % 23));
    ExpectRead(file, offset, most);
  }
  EXPECT_EQ(KindOfRead(file, 1, file.bytes), ErrorKind::kCorrupt);
}

TEST_F(ReadCacheTest, ALongEndIsStillOneRequest) {
  const DataFile file = Write("data/t/a", 64 << 20);  // 64 KB of checksums.
  ExpectRead(file, file.bytes - 10, 10);
  ASSERT_EQ(requests_.size(), 1);
  EXPECT_GT(requests_[0], 64 << 10);
}

TEST_F(ReadCacheTest, HoldsNoMoreThanItsCapacity) {
  cache_.SetCapacity(20 << 20);
  std::vector<DataFile> files;
  for (int i = 0; i < 10; ++i) {
    files.push_back(Write("data/t/" + std::to_string(i), 3 << 20, i));
    ExpectRead(files.back(), 0, 100);
    ExpectRead(files.front(), 0, 100);  // Used again and again: stays.
    EXPECT_LE(cache_.held(), 20 << 20);
  }
  EXPECT_EQ(Requests(), 10);
  ExpectRead(files[9], 0, 100);
  ExpectRead(files[0], 0, 100);
  EXPECT_EQ(Requests(), 0);
  ExpectRead(files[1], 0, 100);
  EXPECT_EQ(Requests(), 1);
  cache_.SetCapacity(0);
  EXPECT_LE(cache_.held(), ReadCache::kLeastCapacity);
}

TEST_F(ReadCacheTest, PartsOfTwoVersionsNeverMix) {
  const DataFile file = Write("data/t/a", 10 << 20, 1);
  ExpectRead(file, 0, 100);
  Write("data/t/a", 10 << 20, 2);
  EXPECT_EQ(KindOfRead(file, 5'000'000, 100), ErrorKind::kConflict);
  ExpectRead(file, 5'000'000, 100);  // All of the new one.
  ExpectRead(file, 0, 100);
}

TEST_F(ReadCacheTest, DamageIsNeverHandedOutAndNotKept) {
  for (const int64_t size : {1 << 20, 10 << 20}) {
    const DataFile file = Write("data/t/" + std::to_string(size), size);
    const std::string good = contents_[file.key];
    std::string damaged = good;
    damaged[500'000] = static_cast<char>(damaged[500'000] ^ 1);
    Overwrite(file.key, damaged);
    EXPECT_EQ(KindOfRead(file, 490'000, 100), ErrorKind::kCorrupt);
    EXPECT_EQ(KindOfRead(file, 490'000, 100), ErrorKind::kCorrupt);
    Overwrite(file.key, good);
    ExpectRead(file, 490'000, 100'000);
  }
}

TEST_F(ReadCacheTest, TheStoresErrorsComeThroughAndPass) {
  const DataFile file = Write("data/t/a", 10 << 20);
  std::atomic<bool> fails = true;
  store_.OnRequest([&](std::string_view, std::string_view) {
    if (fails) throw Fail(ErrorKind::kPermission, "Denied");
  });
  EXPECT_EQ(KindOfRead(file, 0, 10), ErrorKind::kPermission);
  fails = false;
  ExpectRead(file, 0, 10);
  fails = true;
  EXPECT_EQ(KindOfRead(file, 5'000'000, 10), ErrorKind::kPermission);
  ExpectRead(file, 0, 10);  // What is here stays.
  fails = false;
  ExpectRead(file, 5'000'000, 10);
  EXPECT_EQ(KindOfRead({.key = "data/t/none", .bytes = 100}, 0, 10),
            ErrorKind::kNotFound);
}

TEST_F(ReadCacheTest, ManyReadersOfOnePartAreOneRequest) {
  const DataFile file = Write("data/t/a", 10 << 20);
  std::vector<std::jthread> readers;
  std::atomic<int> wrong = 0;
  for (int i = 0; i < 8; ++i) {
    readers.emplace_back([&] {
      std::string bytes(100'000, '\0');
      cache_.Read(file, 200'000, {reinterpret_cast<uint8_t*>(bytes.data()), bytes.size()},
                  [](int64_t) {});
      if (bytes != contents_[file.key].substr(200'000, 100'000)) ++wrong;
    });
  }
  readers.clear();
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(Requests(), 2);
}

TEST_F(ReadCacheTest, ReadersFailuresAndEvictionAtOnce) {
  std::vector<DataFile> files;
  for (int i = 0; i < 6; ++i) {
    files.push_back(Write("data/t/" + std::to_string(i), (2 + i) << 20, i));
  }
  cache_.SetCapacity(0);
  std::atomic<unsigned> requests = 0;
  store_.OnRequest([&](std::string_view, std::string_view) {
    if (++requests % 7 == 0) throw Fail(ErrorKind::kUnavailable, "Slow down");
  });
  std::atomic<int> wrong = 0;
  std::vector<std::jthread> readers;
  for (uint32_t i = 0; i < 8; ++i) {
    readers.emplace_back([&, i] {
      std::mt19937 random(i);
      std::string bytes(50'000, '\0');
      for (int n = 0; n < 100; ++n) {
        const DataFile& file = files[random() % files.size()];
        const int64_t offset = random() % (file.bytes - 50'000);
        try {
          if (n % 5 == 0) cache_.Load(file, offset, file.bytes, [](int64_t) {});
          cache_.Read(file, offset,
                      {reinterpret_cast<uint8_t*>(bytes.data()), bytes.size()},
                      [](int64_t) {});
          const std::string& content = contents_.at(file.key);
          if (bytes != content.substr(static_cast<size_t>(offset), 50'000)) ++wrong;
        } catch (const Error& error) {
          if (error.kind() != ErrorKind::kUnavailable) ++wrong;
        }
      }
    });
  }
  readers.clear();
  EXPECT_EQ(wrong, 0);
  EXPECT_LE(cache_.held(), ReadCache::kLeastCapacity);
}

TEST_F(ReadCacheTest, GivesTheFooter) {
  const DataFile file = Write("data/t/a", 10'000);
  const std::string footer = cache_.Footer(file, [](int64_t) {});
  EXPECT_TRUE(contents_["data/t/a"].ends_with(footer));
  EXPECT_EQ(footer.size(), 12);  // "foot", its length, "PAR1".
}

}  // namespace
}  // namespace shoestring
