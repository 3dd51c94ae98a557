#include "base/retry.h"

#include <curl/curl.h>

#include <algorithm>
#include <random>
#include <string>

namespace shoestring {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::system_clock;

bool RetryBudget::Spend() {
  if (left_.fetch_sub(cost_) >= cost_) return true;
  left_ += cost_;
  return false;
}

void RetryBudget::Refill() {
  if (left_ < kStock) ++left_;
}

milliseconds PauseAfter(int attempts, milliseconds first) {
  constexpr milliseconds kLongest(5000);
  return RandomUpTo(std::min(first * (1 << std::min(attempts, 8)), kLongest));
}

milliseconds RandomUpTo(milliseconds longest) {
  thread_local std::minstd_rand random(std::random_device{}());
  return milliseconds(std::uniform_int_distribution<int64_t>(0, longest.count())(random));
}

std::optional<seconds> ClockDifference(const HttpAnswer& answer) {
  const std::string date(answer.Header("date"));
  const time_t server = curl_getdate(date.c_str(), nullptr);
  if (server < 0) return std::nullopt;
  return seconds(server - system_clock::to_time_t(system_clock::now()));
}

}  // namespace shoestring
