#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <string>
#include <string_view>

#include "base/aws_advice.h"
#include "base/aws_config.h"
#include "base/aws_credentials.h"
#include "base/http_client.h"
#include "base/retry.h"

namespace shoestring {

/// A service of AWS that speaks the JSON protocol 1.1, and where it is.
struct AwsJsonService {
  std::string name;      ///< "athena": in its host's name, in signatures, in settings.
  std::string target;    ///< "AmazonAthena", before each operation's name.
  std::string title;     ///< "Athena", for messages.
  std::string region;    ///< Empty: as AWS' tools have it.
  std::string endpoint;  ///< "http[s]://HOST[:PORT]"; empty: as AWS' tools have it.
};

/// One operation, which may be done twice without harm.
struct AwsCall {
  std::string_view operation;  ///< "StartQueryExecution".
  std::string_view body;       ///< JSON.
  /// How long a service is asked again that has too much to do.
  std::chrono::milliseconds patience{30'000};
  /// Called between attempts; may throw what ends them.
  std::function<void()> check = [] {};
};

/// What a service answered to be wrong.
struct AwsJsonError {
  std::string code;     ///< "InvalidRequestException".
  std::string message;  ///< Its words.
};
/// Pure; takes anything.
AwsJsonError ParseAwsJsonError(std::string_view json, std::string_view type_header);

/// Signs, sends, tries again. Thread-safe.
///
/// What may pass by itself is tried again with pauses of random length: 8 attempts in 30
/// seconds, 3 in 7 as long as the service has never answered; throttling as long as the
/// call has patience; and no more in all than a budget that successes refill. A wrong
/// clock and expired credentials are put right once.
class AwsJsonClient {
 public:
  /// Sends nothing yet. Throws kInvalidArgument when no region is named.
  AwsJsonClient(AwsJsonService service, const Environment& environment);

  /// The body of a success. All else is thrown: what failed, where, and what to do.
  std::string Call(const AwsCall& call);

  const std::string& region() const { return service_.region; }

 private:
  struct Attempts;
  HttpAnswer Attempt(const AwsCall& call, Attempts* attempts);
  bool PutRight(const HttpAnswer& answer, const AwsJsonError& error, Attempts* attempts);
  bool PauseForRetry(const AwsCall& call, const AwsAdvice& advice, Attempts* attempts);
  Error Failure(const AwsCall& call, const HttpAnswer& answer, const AwsJsonError& error,
                const AwsAdvice& advice, int attempts);

  const AwsConfig config_;
  AwsJsonService service_;
  HttpClient http_;
  AwsCredentialChain credentials_;
  std::atomic<bool> answered_ = false;  ///< The service is known to work.
  RetryBudget budget_;
  std::atomic<int64_t> clock_offset_ = 0;
};

}  // namespace shoestring
