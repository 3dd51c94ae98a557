#pragma once

#include <atomic>
#include <chrono>
#include <initializer_list>
#include <mutex>
#include <span>
#include <string>
#include <string_view>

#include "base/aws_config.h"
#include "base/aws_credentials.h"
#include "base/http_client.h"
#include "base/retry.h"
#include "lake/s3_advice.h"
#include "lake/s3_answers.h"
#include "lake/s3_location.h"
#include "lake/store_counters.h"

namespace shoestring {

/// One request to a bucket.
struct S3Request {
  std::string_view what;  ///< For messages: "read", "write", …
  std::string method = "GET";
  std::string key = {};  ///< Below the lake's prefix; empty: the bucket's own affairs.
  HttpPairs query = {};
  HttpPairs headers = {};
  std::string_view body = {};
  std::string sha256 = {};     ///< Of the body, if it is known already: raw bytes.
  std::span<uint8_t> to = {};  ///< Where the body of the answer goes.
  int64_t StoreStatistics::*count = {};  ///< What it counts as.
  std::chrono::seconds silence{8};       ///< How long the server may think.
};

struct S3Reply {
  HttpAnswer http;
  S3Error error;         ///< Of an answer that is no success.
  bool unclear = false;  ///< An earlier attempt failed, and may have been done yet.

  bool ok() const { return http.ok() && error.code.empty(); }
  std::string Etag() const { return UnquotedEtag(http.Header("etag")); }
};

/// The way to one bucket: signs, sends, tries again. Thread-safe.
///
/// What may pass by itself is retried with pauses of random length: as long as the server
/// has never answered, 3 attempts in 7 seconds; then 10 in 30 seconds, and no more in all
/// than a budget that successes refill. The bucket's region, a wrong clock and expired
/// credentials are put right once, and remembered.
class S3Connection {
 public:
  /// Throws kInvalidArgument or kUnsupported for options that cannot be.
  S3Connection(S3Location location, S3Options options, const Environment& environment);

  /// Gives a success, or an answer with one of the `expected` statuses. All else is
  /// thrown: what failed, where, and what to do.
  S3Reply Send(const S3Request& request, std::initializer_list<int> expected = {});

  const S3Location& location() const { return location_; }
  const S3Options& options() const { return options_; }
  StoreCounters& counters() { return counters_; }
  const StoreCounters& counters() const { return counters_; }

 private:
  struct Call;
  S3Reply Attempt(Call* call);
  std::string SignedFor(HttpRequest* http);
  void Explain(const Call& call);
  bool PutRight(const S3Reply& reply, Call* call);
  bool PutRegionRight(const S3Reply& reply, const Call& call);
  bool PutClockRight(const S3Reply& reply);
  bool PauseForRetry(Call* call);
  HttpLimits LimitsOf(const Call& call) const;
  Error Failure(const Call& call, const S3Reply& reply, const AwsAdvice& advice);

  const S3Location location_;
  const S3Options options_;
  const AwsConfig config_;
  HttpClient client_;
  AwsCredentialChain credentials_;
  StoreCounters counters_;
  std::string endpoint_;

  std::mutex mutex_;  ///< For the next two.
  std::string region_;
  S3Address address_;

  std::atomic<bool> answered_ = false;  ///< The server is known to work.
  RetryBudget budget_;
  std::atomic<int64_t> clock_offset_ = 0;  ///< Seconds that the server is ahead.
};

}  // namespace shoestring
