#pragma once

#include <array>
#include <chrono>
#include <memory>
#include <utility>

#include "lake/object_store.h"

namespace shoestring {

/// What a worker of a migration can be at.
enum class Stage { kIdle, kSourceWait, kDecode, kSort, kEncode, kStore };

/// Time by stage, of one worker or of several together.
struct StageTimes {
  using Duration = std::chrono::steady_clock::duration;
  std::array<Duration, static_cast<size_t>(Stage::kStore) + 1> spent{};

  Duration& operator[](Stage stage) { return spent[static_cast<size_t>(stage)]; }
  int64_t Milliseconds(Stage stage) const {
    return std::chrono::duration_cast<std::chrono::milliseconds>(
               spent[static_cast<size_t>(stage)])
        .count();
  }
  StageTimes& operator+=(const StageTimes& other) {
    for (size_t i = 0; i < spent.size(); ++i) spent[i] += other.spent[i];
    return *this;
  }
};

/// Charges the time of one thread to the stage that it is in.
class StageClock {
 public:
  /// In a stage as long as it lives; then in the one before.
  class In {
   public:
    In(StageClock* clock, Stage stage) : clock_(clock), before_(clock->now_) {
      clock_->Switch(stage);
    }
    ~In() { clock_->Switch(before_); }
    In(const In&) = delete;
    In& operator=(const In&) = delete;

   private:
    StageClock* const clock_;
    const Stage before_;
  };

  const StageTimes& times() const { return times_; }
  /// Charges time that was counted elsewhere to another stage.
  void Move(StageTimes::Duration time, Stage from, Stage to) {
    times_[from] -= time;
    times_[to] += time;
  }

 private:
  void Switch(Stage stage) {
    const auto now = std::chrono::steady_clock::now();
    times_[now_] += now - since_;
    since_ = now;
    now_ = stage;
  }

  StageTimes times_;
  Stage now_ = Stage::kIdle;
  std::chrono::steady_clock::time_point since_ = std::chrono::steady_clock::now();
};

/// A writer whose time is the store's.
class TimedWriter : public ObjectWriter {
 public:
  TimedWriter(std::unique_ptr<ObjectWriter> to, StageClock* clock)
      : to_(std::move(to)), clock_(clock) {}
  void Append(Bytes bytes) override {
    const StageClock::In in(clock_, Stage::kStore);
    to_->Append(bytes);
  }
  StagedObject Finish() && override {
    const StageClock::In in(clock_, Stage::kStore);
    return std::move(*to_).Finish();
  }

 private:
  const std::unique_ptr<ObjectWriter> to_;
  StageClock* const clock_;
};

}  // namespace shoestring
