#include "api/lake_watcher.h"

#include <gtest/gtest.h>

#include <future>
#include <vector>

#include "base/error.h"

namespace shoestring {
namespace {

using namespace std::chrono_literals;

/// A lake that the test moves; its watcher looks when it is told to.
struct Watched {
  std::string version = "1";
  bool broken = false;
  std::vector<std::string> loaded;
  std::vector<std::string> told;
  LakeWatcher watcher{{[this] { return version; },
                       [this] {
                         if (broken) throw Error(ErrorKind::kCorrupt, "broken");
                         loaded.push_back(version);
                       },
                       [this](const std::string& what) { told.push_back(what); }},
                      "1",
                      0s};
};

TEST(LakeWatcher, LoadsEachVersionOnce) {
  Watched watched;
  watched.watcher.Look();
  EXPECT_TRUE(watched.loaded.empty());
  watched.version = "2";
  watched.watcher.Look();
  watched.watcher.Look();
  EXPECT_EQ(watched.loaded, std::vector<std::string>{"2"});
}

TEST(LakeWatcher, TriesAgainWhatFailedAndSaysSoOnce) {
  Watched watched;
  watched.version = "2";
  watched.broken = true;
  watched.watcher.Look();
  watched.watcher.Look();
  EXPECT_EQ(watched.told, std::vector<std::string>{"broken"});
  EXPECT_EQ(watched.watcher.failures(), 2);
  watched.broken = false;
  watched.watcher.Look();
  EXPECT_EQ(watched.loaded, std::vector<std::string>{"2"});
  watched.broken = true;
  watched.version = "3";
  watched.watcher.Look();
  EXPECT_EQ(watched.told.size(), 2U);
}

TEST(LakeWatcher, LooksByItself) {
  std::promise<void> loaded;
  const LakeWatcher watcher(
      {[] { return "2"; }, [&] { loaded.set_value(); }, [](const std::string&) {}}, "1",
      1ms);
  EXPECT_EQ(loaded.get_future().wait_for(10s), std::future_status::ready);
}

}  // namespace
}  // namespace shoestring
