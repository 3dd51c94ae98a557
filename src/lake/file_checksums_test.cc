#include "lake/file_checksums.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <random>

#include "lake/folder_store.h"
#include "lake/test_lake.h"

namespace shoestring {
namespace {

constexpr const char* kKey = "data/t/f.parquet";

std::string RandomBytes(size_t size) {
  std::mt19937 random(static_cast<uint32_t>(size));
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random());
  return bytes;
}

constexpr size_t kSizes[] = {0,    1,    2047,   2048,   2049,   4096,   8191,
                             8192, 8193, 60'000, 65'536, 70'000, 300'000};

class FileChecksumsTest : public testing::Test {
 protected:
  CheckedReader Reader(const std::string& content,
                       std::shared_ptr<const FileChecksums> known = nullptr) {
    std::filesystem::create_directories(folder_.path() + "/data/t");
    std::ofstream(folder_.path() + "/" + kKey) << content;  // Put() would sync it.
    return {&store_, kKey, static_cast<int64_t>(content.size()), std::move(known)};
  }

  std::string Read(CheckedReader* reader, size_t offset, size_t size) {
    std::string bytes(size, '\0');
    reader->Read(static_cast<int64_t>(offset),
                 {reinterpret_cast<uint8_t*>(bytes.data()), size},
                 [this](int64_t count) { requests_.push_back(count); });
    return bytes;
  }

  /// Any part of a file, and all of it, by a reader that knows it or not.
  void ReadAtRandom(size_t size, int64_t block) {
    std::mt19937 random(1);
    const std::string content = CheckedFile(kKey, RandomBytes(size), block);
    CheckedReader reader = Reader(content);
    for (int i = 0; i < 200; ++i) {
      const size_t offset = random() % content.size();
      const size_t length = random() % (content.size() - offset + 1);
      EXPECT_EQ(Read(&reader, offset, length), content.substr(offset, length));
    }
    EXPECT_EQ(Read(&reader, 0, content.size()), content);
    CheckedReader again = Reader(content, reader.checksums());
    EXPECT_EQ(Read(&again, 0, content.size()), content);
    EXPECT_EQ(KindOf([&] { Read(&again, 1, content.size()); }), ErrorKind::kCorrupt);
  }

  TemporaryFolder folder_;
  FolderStore store_{folder_.path()};
  std::vector<int64_t> requests_;
};

TEST_F(FileChecksumsTest, ReadsWhatWasWritten) {
  for (const size_t size : kSizes) ReadAtRandom(size, 2048);
}

TEST_F(FileChecksumsTest, ReadsWhatEarlierVersionsWrote) {
  for (const size_t size : kSizes) ReadAtRandom(size, 8192);
  const std::string content = CheckedFile(kKey, RandomBytes(100'000), 8192);
  CheckedReader reader = Reader(content);
  Read(&reader, 10'000, 10);
  EXPECT_EQ(requests_.back(), 8192);
  EXPECT_EQ(reader.checksums()->block(), 8192);
}

TEST_F(FileChecksumsTest, PiecesDoNotMatter) {
  const std::string data = RandomBytes(50'000);
  FileChecksumWriter pieces;
  for (size_t at = 0; at < data.size(); at += 777) {
    pieces.Append(AsBytes(std::string_view(data).substr(at, 777)));
  }
  FileChecksumWriter whole;
  whole.Append(AsBytes(data));
  EXPECT_EQ(std::move(pieces).Finish("k", {}), std::move(whole).Finish("k", {}));
}

TEST_F(FileChecksumsTest, AsksForLittle) {
  const std::string content = CheckedFile(kKey, RandomBytes(1'000'000));
  CheckedReader reader = Reader(content);
  Read(&reader, content.size() - 8, 8);
  EXPECT_EQ(requests_, (std::vector<int64_t>{16'384})) << "the end";
  Read(&reader, content.size() - 100, 50);
  EXPECT_EQ(requests_.size(), 1u) << "it is kept";
  Read(&reader, 10'000, 10'000);
  EXPECT_EQ(requests_.back(), 6 * 2048);
  CheckedReader other = Reader(content, reader.checksums());
  Read(&other, 10'000, 10);
  EXPECT_EQ(requests_.back(), 2048) << "the checksums are known";
}

TEST_F(FileChecksumsTest, ABlockThatTwoReadsShareIsAskedForOnce) {
  const std::string content = CheckedFile(kKey, RandomBytes(1'000'000));
  CheckedReader first = Reader(content);
  Read(&first, content.size() - 8, 8);
  CheckedReader reader = Reader(content, first.checksums());
  requests_.clear();
  EXPECT_EQ(Read(&reader, 30'000, 10'000), content.substr(30'000, 10'000));
  EXPECT_EQ(Read(&reader, 40'000, 10'000), content.substr(40'000, 10'000));
  EXPECT_EQ(Read(&reader, 10'000, 20'000), content.substr(10'000, 20'000));
  EXPECT_EQ(Read(&reader, 40'000, 100), content.substr(40'000, 100));
  EXPECT_EQ(requests_, (std::vector<int64_t>{6 * 2048, 5 * 2048, 10 * 2048}));
}

TEST_F(FileChecksumsTest, ChecksumsMayBeMoreThanTheFirstRead) {
  const std::string content = CheckedFile(kKey, RandomBytes(80'000'000));
  CheckedReader reader = Reader(content);
  EXPECT_EQ(Read(&reader, 12'345'678, 1000), content.substr(12'345'678, 1000));
}

TEST_F(FileChecksumsTest, NoBitCanTurnUnseen) {
  const std::string content = CheckedFile(kKey, RandomBytes(20'000));
  std::mt19937 random(2);
  for (int i = 0; i < 2000; ++i) {
    // Half of them in the end, where the structure is.
    const size_t at =
        i % 2 == 0 ? random() % content.size() : content.size() - 1 - random() % 60;
    std::string damaged = content;
    damaged[at] = static_cast<char>(damaged[at] ^ 1 << random() % 8);
    CheckedReader reader = Reader(damaged);
    EXPECT_EQ(KindOf([&] { Read(&reader, at, 1); }), ErrorKind::kCorrupt) << at;
  }
}

TEST_F(FileChecksumsTest, OtherLengthsAreSeen) {
  const std::string content = CheckedFile(kKey, RandomBytes(20'000));
  for (const size_t size : {0u, 1u, 7u, 8u, 100u, 8192u, 19'999u}) {
    CheckedReader reader = Reader(content.substr(0, size));
    EXPECT_EQ(KindOf([&] { Read(&reader, 0, std::min<size_t>(size, 1)); }),
              ErrorKind::kCorrupt)
        << size;
  }
  // What grew is read as far as the catalog says.
  CheckedReader reader = Reader(content);
  store_.Put(kKey, content + "more");
  EXPECT_EQ(Read(&reader, 0, content.size()), content);
}

TEST_F(FileChecksumsTest, AnotherFileOfThatSizeIsSeen) {
  CheckedReader reader = Reader(CheckedFile("data/t/g.parquet", RandomBytes(20'000)));
  EXPECT_EQ(KindOf([&] { Read(&reader, 0, 1); }), ErrorKind::kCorrupt);
}

}  // namespace
}  // namespace shoestring
