#include "lake/object_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdlib>
#include <thread>

#include "lake/folder_store.h"
#include "lake/s3_store.h"
#include "lake/test_lake.h"
#include "lake/test_s3_server.h"

namespace shoestring {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

/// A place where a test can open a new lake as often as it likes.
class Place {
 public:
  virtual ~Place() = default;
  virtual std::unique_ptr<ObjectStore> Open() = 0;
};

class FolderPlace final : public Place {
 public:
  std::unique_ptr<ObjectStore> Open() override {
    return std::make_unique<FolderStore>(folder_.path());
  }

 private:
  TemporaryFolder folder_;
};

/// A bucket in memory, whose lists come in short pages.
class MemoryPlace final : public Place {
 public:
  std::unique_ptr<ObjectStore> Open() override {
    return std::make_unique<S3Store>(
        ParseS3Uri("s3://bucket/my lake/x"),
        S3Options{.endpoint = server_.endpoint(), .anonymous = true});
  }

 private:
  TestS3Server server_;
};

/// What the environment names, as tests/test_object_store.py does with real servers.
class GivenPlace final : public Place {
 public:
  std::unique_ptr<ObjectStore> Open() override {
    const auto* test = testing::UnitTest::GetInstance()->current_test_info();
    return OpenObjectStore(std::string(std::getenv("SHOESTRING_TEST_LAKE")) + "/" +
                               std::string(test->name()).substr(0, 20),
                           true);
  }
};

struct Kind {
  const char* name;
  std::unique_ptr<Place> (*make)();
};

template <typename Made>
Kind KindNamed(const char* name) {
  return {name, []() -> std::unique_ptr<Place> { return std::make_unique<Made>(); }};
}

std::vector<Kind> Kinds() {
  std::vector<Kind> kinds = {KindNamed<FolderPlace>("Folder"),
                             KindNamed<MemoryPlace>("S3")};
  if (std::getenv("SHOESTRING_TEST_LAKE") != nullptr) {
    kinds.push_back(KindNamed<GivenPlace>("Given"));
  }
  return kinds;
}

/// What every store must do.
class ObjectStoreTest : public testing::TestWithParam<Kind> {
 protected:
  std::unique_ptr<ObjectStore> Open() { return place_->Open(); }

  StagedObject Stage(std::string_view key, std::string_view content) {
    auto writer = store_->Create(key, "run");
    writer->Append(AsBytes(content));
    return std::move(*writer).Finish();
  }

  std::vector<std::string> Keys(std::string_view prefix = "") {
    std::vector<std::string> keys;
    for (const ObjectInfo& object : store_->List(prefix)) {
      if (object.key != "runs/lock") keys.push_back(object.key);
    }
    return keys;
  }

  std::string Read(std::string_view key, int64_t offset, size_t size,
                   std::string* etag = nullptr) {
    std::string content(size, '?');
    store_->ReadRange(key, offset, {reinterpret_cast<uint8_t*>(content.data()), size},
                      etag);
    return content;
  }

  const std::unique_ptr<Place> place_ = GetParam().make();
  const std::unique_ptr<ObjectStore> store_ = Open();
};

INSTANTIATE_TEST_SUITE_P(Every, ObjectStoreTest, testing::ValuesIn(Kinds()),
                         [](const auto& kind) { return std::string(kind.param.name); });

TEST_P(ObjectStoreTest, PutsAndGets) {
  store_->Put("data/t/a", "one");
  EXPECT_EQ(store_->Get("data/t/a").content, "one");
  store_->Put("data/t/a", std::string("tw\0o", 4));
  EXPECT_EQ(store_->Get("data/t/a").content, std::string("tw\0o", 4));
  store_->Put("data/t/empty", "");
  EXPECT_EQ(store_->Get("data/t/empty").content, "");
  const auto info = store_->Head("data/t/a");
  ASSERT_TRUE(info);
  EXPECT_EQ(info->size, 4);
  EXPECT_FALSE(store_->Head("data/t/b"));
  EXPECT_FALSE(store_->Head("data/t")) << "a folder is no object";
  EXPECT_FALSE(store_->Head("data/t/a/b")) << "nothing is below an object";
  EXPECT_EQ(KindOf([&] { store_->Get("data/t/b"); }), ErrorKind::kNotFound);
  EXPECT_EQ(KindOf([&] { store_->Get("data/t"); }), ErrorKind::kNotFound);
  EXPECT_EQ(KindOf([&] { store_->Get("x/y/z"); }), ErrorKind::kNotFound);
}

TEST_P(ObjectStoreTest, ReadsRanges) {
  store_->Put("a", "0123456789");
  EXPECT_EQ(Read("a", 0, 10), "0123456789");
  EXPECT_EQ(Read("a", 3, 4), "3456");
  EXPECT_EQ(Read("a", 10, 0), "");
  EXPECT_EQ(KindOf([&] { Read("a", 3, 8); }), ErrorKind::kCorrupt);
  EXPECT_EQ(KindOf([&] { Read("a", 100, 1); }), ErrorKind::kCorrupt);
  EXPECT_EQ(KindOf([&] { Read("a", -1, 1); }), ErrorKind::kInvalidArgument);
  EXPECT_EQ(KindOf([&] { Read("b", 0, 1); }), ErrorKind::kNotFound);
}

TEST_P(ObjectStoreTest, RangesOfOneVersion) {
  store_->Put("a", "0123456789");
  std::string etag;
  EXPECT_EQ(Read("a", 0, 5, &etag), "01234");
  EXPECT_EQ(etag, store_->Head("a")->etag);
  EXPECT_EQ(etag, store_->List("")[0].etag);
  EXPECT_EQ(Read("a", 5, 5, &etag), "56789");
  store_->Put("a", "9876543210");
  EXPECT_EQ(KindOf([&] { Read("a", 5, 5, &etag); }), ErrorKind::kConflict);
  EXPECT_EQ(Read("a", 5, 5), "43210");
}

TEST_P(ObjectStoreTest, ListsInOrderOfKeys) {
  for (const char* key :
       {"data/t/b", "data/t/a/1", "data/t.x/1", "data/t/a.b", "other"}) {
    store_->Put(key, key);
  }
  EXPECT_THAT(Keys("data/"),
              ElementsAre("data/t.x/1", "data/t/a.b", "data/t/a/1", "data/t/b"));
  EXPECT_THAT(Keys("data/t/"), ElementsAre("data/t/a.b", "data/t/a/1", "data/t/b"));
  EXPECT_THAT(Keys("none/at/all/"), IsEmpty());
  EXPECT_EQ(Keys().size(), 5u);
  EXPECT_EQ(store_->List("data/t.x/")[0].size, 10);
  EXPECT_EQ(KindOf([&] { Keys("data"); }), ErrorKind::kInvalidArgument);
  EXPECT_EQ(KindOf([&] { Keys("data/../"); }), ErrorKind::kInvalidArgument);
}

TEST_P(ObjectStoreTest, RefusesWhatIsNoKey) {
  for (const char* key : {"", "/a", "a/", "a//b", "../a", "a/../../b", "."}) {
    EXPECT_EQ(KindOf([&] { store_->Get(key); }), ErrorKind::kInvalidArgument) << key;
    EXPECT_EQ(KindOf([&] { store_->Put(key, ""); }), ErrorKind::kInvalidArgument) << key;
    EXPECT_EQ(KindOf([&] { store_->Delete(key); }), ErrorKind::kInvalidArgument) << key;
    EXPECT_EQ(KindOf([&] { store_->Create(key, "r"); }), ErrorKind::kInvalidArgument);
    EXPECT_EQ(KindOf([&] { store_->Create("k", key); }), ErrorKind::kInvalidArgument);
    EXPECT_EQ(KindOf([&] { store_->PutIf(key, "", {}); }), ErrorKind::kInvalidArgument);
    EXPECT_EQ(KindOf([&] { store_->Publish({.key = key, .size = 0, .token = "t"}); }),
              ErrorKind::kInvalidArgument);
    EXPECT_EQ(KindOf([&] { store_->DeleteAll(std::vector<std::string>{key}); }),
              ErrorKind::kInvalidArgument);
  }
}

TEST_P(ObjectStoreTest, StagesLargeObjectsUntilPublished) {
  auto writer = store_->Create("data/t/year=1/a.parquet", "run");
  std::string expected;
  for (int i = 0; i < 20; ++i) {
    const std::string part(static_cast<size_t>(1) << 20, static_cast<char>('a' + i));
    writer->Append(AsBytes(part));
    expected += part;
  }
  const StagedObject staged = std::move(*writer).Finish();
  EXPECT_EQ(staged.size, static_cast<int64_t>(expected.size()));
  EXPECT_THAT(Keys("data/"), IsEmpty());
  EXPECT_FALSE(store_->Head("data/t/year=1/a.parquet"));
  // A journal may keep it for another process.
  Open()->Publish(staged);
  EXPECT_TRUE(store_->Get("data/t/year=1/a.parquet").content == expected);
  EXPECT_EQ(store_->Head("data/t/year=1/a.parquet")->size, staged.size);
}

TEST_P(ObjectStoreTest, StagesEmptyObjects) {
  store_->Publish(Stage("data/empty", ""));
  EXPECT_EQ(store_->Get("data/empty").content, "");
}

TEST_P(ObjectStoreTest, WriterThatIsNotFinishedLeavesNothing) {
  {
    auto writer = store_->Create("data/t/run-0", "run");
    writer->Append(AsBytes(std::string(20 << 20, 'x')));
  }
  EXPECT_THAT(Keys(), IsEmpty());
}

// No backslash: SeaweedFS makes a slash of it.
TEST_P(ObjectStoreTest, OddKeys) {
  const std::vector<std::string> keys = {"data/ü ñ/a b+c", "data/%20/x&y=z", "data/'\"<>",
                                         "data/~!@#$^*(){}[]|:;,?`",
                                         "data/日本/\U0001f600"};
  std::vector<std::string> sorted = keys;
  std::ranges::sort(sorted);
  for (const std::string& key : keys) store_->Put(key, key);
  EXPECT_EQ(Keys("data/"), sorted);
  for (const std::string& key : keys) EXPECT_EQ(store_->Get(key).content, key);
  store_->DeleteAll(keys);
  EXPECT_THAT(Keys(), IsEmpty());
}

TEST_P(ObjectStoreTest, PublishesOverWhatIsThere) {
  store_->Put("data/a", "old");
  const StagedObject staged = Stage("data/a", "newer");
  EXPECT_EQ(store_->Get("data/a").content, "old");
  store_->Publish(staged);
  EXPECT_EQ(store_->Get("data/a").content, "newer");
  store_->Publish(staged);
  EXPECT_EQ(store_->Get("data/a").content, "newer") << "again is no error";
  store_->Delete("data/a");
  EXPECT_EQ(KindOf([&] { store_->Publish(staged); }), ErrorKind::kNotFound);
}

TEST_P(ObjectStoreTest, KnowsWhatIsMissing) {
  const StagedObject published = Stage("data/t/a/run-0", "1");
  const StagedObject waiting = Stage("data/t/run-1", "2");
  auto other = store_->Create("data/t/b/run2-0", "run2");
  const StagedObject lost = std::move(*other).Finish();
  store_->Publish(published);
  store_->DiscardStaged("run2");
  const auto missing = store_->Missing(std::array{published, waiting, lost});
  ASSERT_EQ(missing.size(), 1);
  EXPECT_EQ(missing[0].key, lost.key);
  EXPECT_THAT(store_->Missing({}), IsEmpty());
  store_->DiscardStaged("run");
}

TEST_P(ObjectStoreTest, DiscardsWhatARunStaged) {
  const StagedObject published = Stage("data/t/run-0", "1");
  const StagedObject discarded = Stage("data/t/run-1", "2");
  auto other = store_->Create("data/t/run2-0", "run2");
  const StagedObject kept = std::move(*other).Finish();
  store_->Publish(published);
  store_->DiscardStaged("run");
  store_->DiscardStaged("run");
  EXPECT_THAT(Keys("data/"), ElementsAre("data/t/run-0"));
  EXPECT_EQ(KindOf([&] { store_->Publish(discarded); }), ErrorKind::kNotFound);
  store_->Publish(kept);
}

TEST_P(ObjectStoreTest, DeletesMany) {
  for (const char* key : {"a", "b/c", "b/d", "e"}) store_->Put(key, "");
  store_->DeleteAll(std::vector<std::string>{"a", "b/c", "none"});
  EXPECT_THAT(Keys(), ElementsAre("b/d", "e"));
  store_->DeleteAll({});
}

TEST_P(ObjectStoreTest, PutsOnlyIfUnchanged) {
  const auto first = store_->PutIf("catalog/lake.json", "1", std::nullopt);
  ASSERT_TRUE(first);
  EXPECT_FALSE(store_->PutIf("catalog/lake.json", "2", std::nullopt)) << "it exists";
  EXPECT_EQ(store_->Get("catalog/lake.json").etag, *first);
  EXPECT_FALSE(store_->PutIf("catalog/lake.json", "2", "x0")) << "another etag";
  EXPECT_FALSE(store_->PutIf("catalog/none", "2", *first)) << "it does not exist";
  const auto second = store_->PutIf("catalog/lake.json", "2", *first);
  ASSERT_TRUE(second);
  EXPECT_FALSE(store_->PutIf("catalog/lake.json", "3", *first));
  EXPECT_TRUE(
      store_->PutIf("catalog/lake.json", "3", store_->Head("catalog/lake.json")->etag));
  EXPECT_EQ(store_->Get("catalog/lake.json").content, "3");
}

TEST_P(ObjectStoreTest, OneOfManyWritersWins) {
  store_->Put("n", "0");
  constexpr int kThreads = 8;
  constexpr int kRounds = 20;
  std::atomic<int> lost = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      const auto own = Open();
      for (int done = 0; done < kRounds;) {
        const Object object = own->Get("n");
        const std::string next = std::to_string(std::stoi(object.content) + 1);
        own->PutIf("n", next, object.etag) ? ++done : ++lost;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(store_->Get("n").content, std::to_string(kThreads * kRounds));
}

}  // namespace
}  // namespace shoestring
