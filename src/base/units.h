#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"

namespace shoestring {

/// Bytes of "4096", "512MB", "1.5 GB" (powers of 1000) or "2GiB" (powers of 1024); case
/// and the final B do not matter. Throws kInvalidArgument for anything else, and for
/// negative or too large sizes.
int64_t ParseBytes(std::string_view text);

/// "250ms", "30s", "1.5h", "1h30m", "7d"; a bare number means seconds. Throws
/// kInvalidArgument for anything else.
std::chrono::milliseconds ParseDuration(std::string_view text);

/// A limit that was given with a flag; throws kInvalidArgument for 0, which would be
/// none.
template <typename Limit>
Limit Positive(std::string_view flag, Limit limit) {
  if (limit > Limit{}) return limit;
  throw Fail(ErrorKind::kInvalidArgument, "{} must be more than 0", flag);
}

/// "0 B", "999 B", "1.2 KB", "12.3 MB", "123 GB"; powers of 1000.
std::string FormatBytes(int64_t bytes);

/// "5,700,000".
std::string FormatCount(int64_t count);

/// "12 ms", "3.4 s", "4 min 5 s", "2 h 3 min".
std::string FormatDuration(std::chrono::milliseconds duration);

}  // namespace shoestring
