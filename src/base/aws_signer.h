#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "base/http_client.h"

namespace shoestring {

struct AwsCredentials {
  std::string access_key;
  std::string secret_key;
  std::string session_token;  ///< Empty unless they are temporary.
  std::optional<std::chrono::system_clock::time_point> expires = std::nullopt;
};

/// What a signature holds for.
struct AwsScope {
  std::string region;
  std::string service;  ///< "s3", "athena", "glue", "sts", …
};

/// Adds the headers that make a request AWS's Signature Version 4: host, x-amz-date,
/// authorization, and x-amz-security-token with temporary credentials; for S3,
/// x-amz-content-sha256, too, unless it is there. Every other header is signed as it is.
/// Pure.
void SignAwsRequest(const AwsCredentials& credentials, const AwsScope& scope,
                    std::chrono::system_clock::time_point now, HttpRequest* request);

}  // namespace shoestring
