#include "job/stage_clock.h"

#include <gtest/gtest.h>

#include <thread>

namespace shoestring {
namespace {

constexpr std::chrono::milliseconds kWhile{20};

TEST(StageClockTest, ChargesNestedStagesOnce) {
  StageClock clock;
  {
    const StageClock::In decode(&clock, Stage::kDecode);
    std::this_thread::sleep_for(kWhile);
    {
      const StageClock::In sort(&clock, Stage::kSort);
      std::this_thread::sleep_for(2 * kWhile);
    }
    std::this_thread::sleep_for(kWhile);
  }
  StageTimes times = clock.times();
  EXPECT_GE(times[Stage::kDecode], 2 * kWhile);
  EXPECT_GE(times[Stage::kSort], 2 * kWhile);
  EXPECT_EQ(times[Stage::kEncode], StageTimes::Duration{});
}

TEST(StageClockTest, MovesAndAdds) {
  StageClock clock;
  clock.Move(kWhile, Stage::kDecode, Stage::kSourceWait);
  StageTimes times = clock.times();
  times += clock.times();
  EXPECT_EQ(times.Milliseconds(Stage::kSourceWait), 40);
  EXPECT_EQ(times.Milliseconds(Stage::kDecode), -40);
}

}  // namespace
}  // namespace shoestring
