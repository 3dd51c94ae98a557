#pragma once

#include <string_view>

#include "base/error.h"
#include "base/http_client.h"

namespace shoestring {

/// What a failure of S3, or of the way to it, means to a caller.
struct S3Advice {
  ErrorKind kind;
  std::string_view way_out;  ///< A sentence; empty when the server's own words say it.
  bool retry = false;        ///< The same request may succeed at once.
};

/// `code` is the one in the answer's XML, or "" when it had none, as after HEAD.
S3Advice AdviseOnS3(int status, std::string_view code);
/// No whole answer came.
S3Advice AdviseOnHttp(HttpFault fault);

}  // namespace shoestring
