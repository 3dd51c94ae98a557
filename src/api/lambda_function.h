#pragma once

#include <chrono>
#include <functional>
#include <string>

#include "api/lambda_event.h"
#include "api/lambda_runtime.h"
#include "api/served.h"
#include "base/settings.h"

namespace shoestring {

/// From [lambda] of shoestring.toml and the environment.
struct LambdaOptions {
  /// Answers are streamed, so that they may be larger than 6 MB: for those who ask so.
  bool stream = false;
  std::chrono::milliseconds refresh{5000};  ///< Between looks for a new version.
};

LambdaOptions ReadLambdaOptions(const Settings& settings);

/// Answers the events of a Lambda function, one after the other, in its only thread.
class LambdaFunction {
 public:
  /// What it is made of. None may throw.
  struct Calls {
    RequestHandler handle;
    std::function<void()> look;  ///< For a new version of the lake.
    std::function<void(const RequestRecord&)> log;
  };

  /// `runtime` must outlive it.
  LambdaFunction(LambdaRuntime* runtime, Calls calls, LambdaOptions options);

  /// Waits for an event, and answers it. Throws kUnavailable when the process is to end.
  void ServeOne();

 private:
  void LookIfDue();
  void Refuse(const Invocation& invocation, const Error& error);
  Outcome Answer(const Invocation& invocation, const LambdaEvent& event,
                 RequestRecord* record);
  Outcome AnswerWhole(const Invocation& invocation, const LambdaEvent& event,
                      ApiResponse response, RequestRecord* record);
  Outcome AnswerInPieces(const Invocation& invocation, ApiResponse response,
                         RequestRecord* record);

  LambdaRuntime* const runtime_;
  const Calls calls_;
  const LambdaOptions options_;
  /// The system's clock goes on while Lambda holds the process still.
  std::chrono::system_clock::time_point looked_ = std::chrono::system_clock::now();
};

}  // namespace shoestring
