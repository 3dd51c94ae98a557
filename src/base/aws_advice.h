#pragma once

#include <string_view>

#include "base/error.h"
#include "base/http_client.h"

namespace shoestring {

/// What a failure of one of AWS' services, or of the way to it, means to a caller.
struct AwsAdvice {
  ErrorKind kind = ErrorKind::kInternal;
  std::string_view way_out;  ///< Empty, or a sentence without its full stop.
  bool retry = false;        ///< The same request may succeed a little later.
  bool throttled = false;    ///< The service has too much to do: come again, slower.
};

/// For an answer that is no success: the code of its error, if it has one, else the
/// status tells. Services other than S3, which has its own.
AwsAdvice AdviseOnAws(int status, std::string_view code);

/// For a request that got no whole answer, from any of them.
AwsAdvice AdviseOnFault(HttpFault fault);

}  // namespace shoestring
