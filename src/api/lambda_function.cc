#include "api/lambda_function.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "api/api_error.h"
#include "base/error.h"
#include "base/units.h"

namespace shoestring {

using std::chrono::duration_cast;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::steady_clock;
using std::chrono::system_clock;

namespace {

/// What Lambda takes as an answer that is not streamed.
constexpr size_t kLargestAnswer = 6 << 20;
// Of the time before the deadline: to stop, to write the answer down, to hand it over.
constexpr int kShareToEnd = 10;
constexpr milliseconds kLeastToEnd{200};
constexpr milliseconds kMostToEnd{1000};
constexpr const char* kTrace = "_X_AMZN_TRACE_ID";

/// For libraries that look there. No other thread is at work between two events.
void SetTrace(const std::string& id) {
  if (id.empty()) {
    unsetenv(kTrace);
  } else {
    setenv(kTrace, id.c_str(), /*replace=*/1);
  }
}

milliseconds TimeLeft(system_clock::time_point deadline) {
  const auto left = duration_cast<milliseconds>(deadline - system_clock::now());
  const auto to_end = std::clamp(left / kShareToEnd, kLeastToEnd, kMostToEnd);
  return std::max(left - to_end, milliseconds(1));
}

/// The next piece of a body, whose errors are of one kind then.
std::optional<std::string> NextPiece(ApiBody* body) {
  if (body == nullptr) return std::nullopt;
  try {
    return body->Next();
  } catch (const Error&) {
    throw;
  } catch (const std::exception& error) {
    throw Error(ErrorKind::kInternal, error.what());
  }
}

Error TooLarge() {
  return Fail(ErrorKind::kLimit,
              "The answer is larger than the 6 MB that Lambda takes: ask for fewer rows "
              "or columns, or let it be streamed (docs/lambda.md)");
}

std::string ReadAll(ApiBody* body) {
  std::string text;
  while (const auto piece = NextPiece(body)) {
    text += *piece;
    if (text.size() > kLargestAnswer) throw TooLarge();
  }
  return text;
}

}  // namespace

LambdaOptions ReadLambdaOptions(const Settings& settings) {
  LambdaOptions options;
  options.stream = settings.Get("lambda", "stream", "false") == "true";
  options.refresh = ParseDuration(settings.Get("lambda", "refresh", "5s"));
  return options;
}

LambdaFunction::LambdaFunction(LambdaRuntime* runtime, Calls calls, LambdaOptions options)
    : runtime_(runtime), calls_(std::move(calls)), options_(options) {}

void LambdaFunction::ServeOne() {
  const Invocation invocation = runtime_->Next();
  const auto begun = steady_clock::now();
  SetTrace(invocation.trace_id);
  LookIfDue();
  LambdaEvent event;
  try {
    event = ReadLambdaEvent(invocation.event);
  } catch (const Error& error) {
    return Refuse(invocation, error);
  }
  RequestRecord record{.id = invocation.id,
                       .client = event.client,
                       .method = event.request.method,
                       .path = event.request.path};
  record.outcome = Answer(invocation, event, &record);
  record.took = duration_cast<microseconds>(steady_clock::now() - begun);
  calls_.log(record);
}

void LambdaFunction::LookIfDue() {
  const auto now = system_clock::now();
  if (now - looked_ < options_.refresh) return;
  looked_ = now;
  calls_.look();
}

void LambdaFunction::Refuse(const Invocation& invocation, const Error& error) {
  std::fprintf(stderr, "shoestring: %s: %s\n", invocation.id.c_str(), error.what());
  try {
    runtime_->TellError(invocation.id, error);
  } catch (const Error& refused) {
    if (refused.kind() != ErrorKind::kConflict) throw;
  }
}

Outcome LambdaFunction::Answer(const Invocation& invocation, const LambdaEvent& event,
                               RequestRecord* record) {
  ServedResponse served = calls_.handle(event.request, {}, TimeLeft(invocation.deadline));
  ApiResponse& response = served.response;
  response.headers.emplace_back("X-Request-Id", invocation.id);
  response.headers.emplace_back("X-Content-Type-Options", "nosniff");
  record->role = served.role;
  record->status = response.status;
  try {
    return options_.stream ? AnswerInPieces(invocation, std::move(response), record)
                           : AnswerWhole(invocation, event, std::move(response), record);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::kConflict) throw;
    std::fprintf(stderr, "shoestring: %s: %s\n", invocation.id.c_str(), error.what());
    return Outcome::kClientGone;
  }
}

Outcome LambdaFunction::AnswerWhole(const Invocation& invocation,
                                    const LambdaEvent& event, ApiResponse response,
                                    RequestRecord* record) {
  const auto whole = [&](const ApiResponse& head, ApiBody* body) {
    const std::string text = ReadAll(body);
    std::string answer = FormatLambdaAnswer(event.format, head, text);
    if (answer.size() > kLargestAnswer) throw TooLarge();
    record->bytes = static_cast<int64_t>(text.size());
    record->status = head.status;
    return answer;
  };
  std::string answer;
  try {
    answer = whole(response, response.body.get());
  } catch (const Error& error) {
    const ApiResponse refusal =
        ErrorResponse(TranslateError(error), event.request.method);
    answer = whole(refusal, refusal.body.get());
  }
  runtime_->Answer(invocation.id, std::move(answer));
  return Outcome::kComplete;
}

Outcome LambdaFunction::AnswerInPieces(const Invocation& invocation, ApiResponse response,
                                       RequestRecord* record) {
  const auto piece = [&] {
    auto next = NextPiece(response.body.get());
    if (next) record->bytes += static_cast<int64_t>(next->size());
    return next;
  };
  const bool all = runtime_->Stream(invocation.id, FormatLambdaPrelude(response), piece);
  return all ? Outcome::kComplete : Outcome::kCut;
}

}  // namespace shoestring
