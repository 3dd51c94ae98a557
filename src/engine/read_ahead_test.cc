#include "engine/read_ahead.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "lake/folder_store.h"
#include "lake/test_distant_store.h"

namespace shoestring {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;

TEST(Coalesce, MergesNearRangesAndCutsLongOnes) {
  constexpr int64_t kMegabyte = 1 << 20;
  EXPECT_THAT(Coalesce({}), ElementsAre());
  EXPECT_THAT(Coalesce({{500, 600}, {4, 100}, {50, 200}}),
              ElementsAre(ByteRange{4, 600}));
  EXPECT_THAT(Coalesce({{0, 10}, {kMegabyte + 9, kMegabyte + 20}}),
              ElementsAre(ByteRange{0, kMegabyte + 20}));
  EXPECT_THAT(Coalesce({{0, 10}, {kMegabyte + 10, kMegabyte + 20}}),
              ElementsAre(ByteRange{0, 10}, ByteRange{kMegabyte + 10, kMegabyte + 20}));
  EXPECT_THAT(Coalesce({{1, 20 * kMegabyte}}),
              ElementsAre(ByteRange{1, 8 * kMegabyte + 1},
                          ByteRange{8 * kMegabyte + 1, 16 * kMegabyte + 1},
                          ByteRange{16 * kMegabyte + 1, 20 * kMegabyte}));
}

/// Small files, and a scan of them.
class ReadAheadTest : public testing::Test {
 protected:
  void Write(int files, int64_t bytes) {
    std::filesystem::create_directories(folder_.path() + "/data");
    for (int i = 0; i < files; ++i) {
      const std::string key = fmt::format("data/{:04}", i);
      const std::string content =
          CheckedFile(key, std::string(static_cast<size_t>(bytes), 'x'));
      std::ofstream(folder_.path() + "/" + key) << content;
      files_.push_back({.key = key, .bytes = static_cast<int64_t>(content.size())});
    }
  }

  ScanPlan Plan() {
    ScanPlan plan;
    for (const DataFile& file : files_) plan.files.push_back(&file);
    plan.on_request = [this](int64_t) { ++requests_; };
    plan.wanted = [this](const std::string&) { return wanted_; };
    return plan;
  }

  std::shared_ptr<ReadAhead> Start(int64_t most_bytes = 100 << 20) {
    auto scan = std::make_shared<ReadAhead>(&cache_, &*threads_, Plan(), most_bytes);
    scan->Start();
    return scan;
  }

  /// Waits until so many requests were answered, and looks whether more come.
  void ExpectRequests(int count) {
    for (int i = 0; i < 1000 && requests_ < count; ++i) {
      std::this_thread::sleep_for(milliseconds(5));
    }
    std::this_thread::sleep_for(milliseconds(20));
    EXPECT_EQ(requests_, count);
  }

  TemporaryFolder folder_;
  FolderStore folder_store_{folder_.path()};
  DistantStore store_{&folder_store_, milliseconds(2)};
  ReadCache cache_{&store_, 200 << 20};
  std::vector<DataFile> files_;
  std::vector<ByteRange> wanted_;
  std::atomic<int> requests_ = 0;
  std::optional<RequestThreads> threads_{std::in_place, 8};
};

TEST_F(ReadAheadTest, GoesTwiceAsFarWithEachPieceThatIsTaken) {
  Write(40, 1000);
  const auto scan = Start();
  ExpectRequests(4);
  scan->Reached(files_[0].key, 0);
  ExpectRequests(9);  // Eight ahead of the one that was taken.
  scan->Reached(files_[0].key, 500);
  ExpectRequests(9);
  scan->Reached(files_[1].key, 0);
  ExpectRequests(18);
  scan->Reached(files_[10].key, 0);
  ExpectRequests(40);
  EXPECT_LE(store_.most(), 8);
}

TEST_F(ReadAheadTest, HoldsItsLimitOfBytes) {
  Write(20, 3 << 20);
  const auto scan = Start(7 << 20);
  ExpectRequests(2);
  scan->Reached(files_[0].key, 0);
  ExpectRequests(3);
}

TEST_F(ReadAheadTest, StopsAtOnce) {
  Write(40, 1000);
  const auto scan = Start();
  ExpectRequests(4);
  scan->Stop();
  scan->Reached(files_[0].key, 0);
  ExpectRequests(4);
}

TEST_F(ReadAheadTest, OfALargeFileItReadsTheEndAndWhatIsWanted) {
  Write(2, 40 << 20);
  wanted_ = {{4, 100'000}, {300'000, 400'000}, {20 << 20, (30 << 20)}};
  const auto scan = Start();
  // Each file's end, then one range of all near ones, and a long one in two.
  for (const DataFile& file : files_) scan->Reached(file.key, file.bytes - 8);
  ExpectRequests(8);
  std::string bytes(10 << 20, ' ');
  cache_.Read(files_[1], 20 << 20,
              {reinterpret_cast<uint8_t*>(bytes.data()), bytes.size()},
              [this](int64_t) { ++requests_; });
  EXPECT_EQ(requests_, 8);
}

TEST_F(ReadAheadTest, AnErrorEndsItAndIsLeftToTheScan) {
  Write(40, 1000);
  store_.OnRequest([](std::string_view, std::string_view) {
    throw Fail(ErrorKind::kPermission, "Denied");
  });
  const auto scan = Start();
  for (int i = 0; i < 500 && store_.TakeRequests().empty(); ++i) {
    std::this_thread::sleep_for(milliseconds(5));
  }
  threads_.reset();
  store_.OnRequest([](std::string_view, std::string_view) {});
  scan->Reached(files_[0].key, 0);
  EXPECT_EQ(requests_, 0);
  char byte = 0;
  cache_.Read(files_[0], 0, {reinterpret_cast<uint8_t*>(&byte), 1}, [](int64_t) {});
  EXPECT_EQ(byte, 'x');
}

}  // namespace
}  // namespace shoestring
