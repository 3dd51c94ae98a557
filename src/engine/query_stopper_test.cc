#include "engine/query_stopper.h"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <deque>
#include <thread>

#include "base/error.h"

namespace shoestring {
namespace {

using std::chrono::milliseconds;
using Reason = QueryStopper::Reason;

QueryLimits Time(milliseconds time) {
  QueryLimits limits;
  limits.time = time;
  return limits;
}

void WaitFor(const std::atomic<int>& interrupts, int count) {
  const auto end = QueryStopper::Clock::now() + std::chrono::seconds(20);
  while (interrupts < count && QueryStopper::Clock::now() < end) {
    std::this_thread::sleep_for(milliseconds(1));
  }
  ASSERT_EQ(interrupts, count);
}

TEST(QueryStopperTest, InterruptsEachWhenItsTimeIsUp) {
  std::atomic<int> interrupts = 0;
  std::deque<QueryStopper> queries;
  for (const int time : {60'000, 30, 10, 20}) {
    queries.emplace_back(Time(milliseconds(time)), std::stop_token());
    queries.back().Watch([&] { ++interrupts; });
  }
  WaitFor(interrupts, 3);
  EXPECT_EQ(queries[0].reason(), Reason::kNone);
  for (size_t i = 1; i < queries.size(); ++i) {
    EXPECT_EQ(queries[i].reason(), Reason::kTimeout);
    EXPECT_GE(QueryStopper::Clock::now() - queries[i].start(), milliseconds(10));
    EXPECT_EQ(queries[i].AsError().kind(), ErrorKind::kTimeout);
  }
}

TEST(QueryStopperTest, AQueryThatReadsTooMuch) {
  QueryLimits limits;
  limits.scan_bytes = 100;
  std::atomic<int64_t> scanned = 0;
  std::atomic<int> interrupts = 0;
  QueryStopper query(limits, {});
  query.Watch([&] { ++interrupts; }, [&] { return scanned.load(); });
  std::this_thread::sleep_for(milliseconds(20));
  EXPECT_EQ(interrupts, 0);
  scanned = 101;
  WaitFor(interrupts, 1);
  EXPECT_EQ(query.reason(), Reason::kScan);
}

TEST(QueryStopperTest, ReleasedOnesAreLeftAlone) {
  std::atomic<int> interrupts = 0;
  {
    QueryStopper query(Time(milliseconds(10)), {});
    query.Watch([&] { ++interrupts; });
    query.Release();
    std::this_thread::sleep_for(milliseconds(30));
    EXPECT_EQ(interrupts, 0);
  }
  for (int i = 0; i < 1'000; ++i) {
    QueryStopper query(Time(milliseconds(1)), {});
    auto alive = std::make_unique<std::atomic<int>>(0);
    query.Watch([&alive] { ++*alive; });
    if (i % 100 == 0) std::this_thread::sleep_for(milliseconds(1));
    query.Release();
    alive.reset();
  }
}

TEST(QueryStopperTest, OneThatIsSlowToStopKeepsNoOther) {
  std::atomic<int> interrupts = 0;
  std::atomic<bool> goes_on = false;
  QueryStopper slow(Time(milliseconds(1)), {});
  slow.Watch([&] { goes_on.wait(false); });
  QueryStopper other(Time(milliseconds(20)), {});
  other.Watch([&] { ++interrupts; });
  WaitFor(interrupts, 1);
  goes_on = true;
  goes_on.notify_all();
}

}  // namespace
}  // namespace shoestring
