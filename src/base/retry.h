#pragma once

#include <chrono>
#include <optional>

#include "base/http_client.h"

namespace shoestring {

/// By chance between 0 and `longest`, so that those who failed together do not come again
/// together. Thread-safe.
std::chrono::milliseconds RandomUpTo(std::chrono::milliseconds longest);

/// What the server's clock says, less ours; nothing when it does not say.
std::optional<std::chrono::seconds> ClockDifference(const HttpAnswer& answer);

}  // namespace shoestring
