#include "lake/external_sort.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <random>

namespace shoestring {
namespace {

constexpr size_t kPartitionBytes = 2;

std::string RandomText(std::mt19937* random, size_t most) {
  std::string text((*random)() % (most + 1), '\0');
  for (char& c : text) c = static_cast<char>((*random)() % 4);
  return text;
}

struct Expected {
  std::string key;
  std::string value;
  bool operator<(const Expected& other) const { return key < other.key; }
};

bool Add(SortBuffer* buffer, std::string_view key, std::string_view value) {
  // Room for more than it takes.
  uint8_t* to = buffer->Begin(key, value.size() + 7);
  if (to == nullptr) return false;
  buffer->End(std::ranges::copy(value, to).out);
  return true;
}

// Sorts seeded random records, and checks every partition against std::sort.
void SortAndCheck(int64_t buffer_bytes, int64_t memory_limit, int records,
                  size_t most_value_bytes, bool expect_spill) {
  std::mt19937 random(7);
  SpillStore store(memory_limit, "/tmp");
  SortedRuns runs;
  SortBuffer buffer(buffer_bytes, kPartitionBytes, &store);
  std::map<std::string, std::vector<Expected>> expected;
  for (int i = 0; i < records; ++i) {
    const std::string key = RandomText(&random, 0) + "p" +
                            static_cast<char>('0' + random() % 5) +
                            RandomText(&random, 30);
    const std::string value = RandomText(&random, most_value_bytes);
    if (!Add(&buffer, key, value)) {
      runs.Add(buffer.Flush());
      ASSERT_TRUE(Add(&buffer, key, value));
    }
    expected[key.substr(0, kPartitionBytes)].push_back({key, value});
  }
  if (!buffer.empty()) runs.Add(buffer.Flush());
  EXPECT_EQ(store.spilled_bytes() > 0, expect_spill);

  const auto partitions = runs.Partitions();
  ASSERT_EQ(partitions.size(), expected.size());
  for (auto& [name, rows] : expected) {
    const auto& partition = partitions.at(name);
    ASSERT_EQ(partition.rows, static_cast<int64_t>(rows.size()));
    std::stable_sort(rows.begin(), rows.end());
    MergeReader reader(partition.sources, &store);
    std::multimap<std::string, std::string> left;
    for (const auto& row : rows) left.emplace(row.key, row.value);
    size_t at = 0;
    while (const auto value = reader.Next()) {
      ASSERT_LT(at, rows.size());
      // Among equal keys any order is right, but each record comes once.
      const auto [begin, end] = left.equal_range(rows[at].key);
      const auto found = std::find_if(
          begin, end, [&](const auto& entry) { return entry.second == AsText(*value); });
      ASSERT_NE(found, end) << name << " " << at;
      left.erase(found);
      ++at;
    }
    EXPECT_EQ(at, rows.size());
  }
  runs.Clear(&store);
}

TEST(ExternalSortTest, InOneRun) { SortAndCheck(64 << 20, 64 << 20, 20000, 40, false); }
TEST(ExternalSortTest, InManyRuns) { SortAndCheck(64 << 10, 64 << 20, 20000, 40, false); }
TEST(ExternalSortTest, SpilledToDisk) {
  SortAndCheck(64 << 10, 100 << 10, 20000, 40, true);
}
TEST(ExternalSortTest, RecordsLargerThanTheBuffer) {
  SortAndCheck(1 << 10, 1 << 20, 300, 200 << 10, true);
}
TEST(ExternalSortTest, RecordsLargerThanABlockOfACompressedRun) {
  SortAndCheck(1 << 20, 1 << 20, 100, 200 << 10, true);
}
TEST(ExternalSortTest, Nothing) { SortAndCheck(1 << 10, 1 << 20, 0, 0, false); }

TEST(ExternalSortTest, LeavesNoNamedTemporaryFile) {
  std::string folder = "/tmp/external_sort_XXXXXX";
  ASSERT_NE(mkdtemp(folder.data()), nullptr);
  {
    SpillStore store(0, folder);
    store.Put(AsBytes("bytes"));
    EXPECT_EQ(store.spilled_bytes(), 5);
    // The folder is empty although the file is open.
    EXPECT_EQ(rmdir(folder.c_str()), 0);
  }
}

TEST(ExternalSortTest, SaysWhichFolderIsMissing) {
  SpillStore store(0, "/no/such/folder");
  EXPECT_THROW(store.Put(AsBytes("bytes")), std::runtime_error);
}

}  // namespace
}  // namespace shoestring
