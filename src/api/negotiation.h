#pragma once

#include <optional>
#include <string>
#include <vector>

#include "api/message.h"
#include "api/time_zone.h"

namespace shoestring {

/// What an answer is written as.
enum class MediaType { kJson, kJsonStripped, kObject, kObjectStripped, kCsv, kOpenApi };

/// "application/json; charset=utf-8", …
std::string ContentType(MediaType type);

/// The first of what Accept asks for that there is; throws ApiError PGRST107 when there
/// is none. `root`: of "/", where only the description is.
MediaType NegotiateMediaType(const ApiRequest& request, bool root);

/// How a count is asked for.
enum class CountPreference { kNone, kExact, kPlanned, kEstimated };

/// What the Prefer headers ask for, as far as reading goes.
struct Preferences {
  CountPreference count = CountPreference::kNone;
  std::optional<bool> strict;
  std::optional<TimeZone> zone;      ///< timezone=…, one that there is.
  std::vector<std::string> invalid;  ///< What is none of PostgREST's.

  /// The value of Preference-Applied; empty for none.
  std::string Applied() const;
  /// Throws ApiError PGRST122 when handling=strict came with what is invalid.
  void Check() const;
};

Preferences ParsePreferences(const ApiRequest& request);

/// The rows that a request wants, of limit=, offset= and the Range header.
struct TopRange {
  int64_t offset = 0;
  std::optional<int64_t> limit;
};

/// Throws ApiError PGRST103 for a range that cannot be.
TopRange RequestedRange(const ApiRequest& request, std::optional<int64_t> limit,
                        std::optional<int64_t> offset);

/// Content-Range and the status that goes with it.
struct ContentRange {
  std::string header;
  int status = 200;
};
ContentRange DescribeRange(int64_t offset, int64_t rows, std::optional<int64_t> total);

/// 416 for an offset beyond the total.
ApiResponse OutOfBounds(const ContentRange& range, int64_t offset, int64_t total,
                        const std::string& method);

}  // namespace shoestring
