#include "base/parallel.h"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <latch>
#include <stdexcept>

namespace shoestring {
namespace {

TEST(ParallelTest, RunsEachTaskOnce) {
  for (const size_t threads : {1, 3, 200}) {
    std::array<std::atomic<int>, 100> runs = {};
    InParallel(threads, runs.size(), [&](size_t i) { ++runs[i]; });
    for (const auto& count : runs) EXPECT_EQ(count, 1);
  }
  InParallel(4, 0, [](size_t) { FAIL(); });
}

TEST(ParallelTest, RunsAsManyAtATime) {
  std::latch all(4);
  InParallel(4, 4, [&](size_t) { all.arrive_and_wait(); });
}

TEST(ParallelTest, EndsWithTheFirstError) {
  std::atomic<size_t> begun = 0;
  const auto fail = [&](size_t) {
    ++begun;
    throw std::runtime_error("no");
  };
  EXPECT_THROW(InParallel(4, 1000, fail), std::runtime_error);
  EXPECT_LE(begun, 4);
}

}  // namespace
}  // namespace shoestring
