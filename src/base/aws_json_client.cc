#include "base/aws_json_client.h"

#include <algorithm>
#include <boost/json.hpp>

#include "base/error.h"
#include "base/retry.h"

namespace shoestring {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;
using std::chrono::system_clock;

/// How long a service is waited for that has never answered, and one that has.
struct Patience {
  int attempts;
  milliseconds deadline;
};
constexpr Patience kStranger{3, milliseconds(7000)};
constexpr Patience kKnown{8, milliseconds(30'000)};
constexpr milliseconds kFirstPause{100};
/// Between two looks at whether to go on at all.
constexpr milliseconds kLookAgain{100};
constexpr seconds kStrangersSilence(3);
constexpr seconds kSilence(30);

constexpr int kRetryCost = 5;
constexpr seconds kClockTolerance(240);
constexpr size_t kLongestMessage = 1000;

std::string EndpointOf(const AwsJsonService& service) {
  const std::string_view domain =
      service.region.starts_with("cn-") ? "amazonaws.com.cn" : "amazonaws.com";
  return fmt::format("https://{}.{}.{}", service.name, service.region, domain);
}

AwsJsonService Resolved(AwsJsonService service, const AwsConfig& config) {
  if (service.endpoint.empty()) {
    service.endpoint = config.Endpoint(service.name).value_or("");
  }
  while (service.endpoint.ends_with('/')) service.endpoint.pop_back();
  if (service.region.empty()) service.region = config.Region().value_or("");
  if (service.region.empty()) {
    throw Fail(ErrorKind::kInvalidArgument,
               "No region is named for {}. Way out: AWS_REGION, or region in the profile",
               service.title);
  }
  if (service.endpoint.empty()) service.endpoint = EndpointOf(service);
  return service;
}

std::string TextOf(const boost::json::object& object,
                   std::initializer_list<std::string_view> names) {
  for (const std::string_view name : names) {
    const boost::json::value* found = object.if_contains(name);
    if (found != nullptr && found->is_string()) return std::string(found->get_string());
  }
  return "";
}

/// "com.amazonaws.athena#InvalidRequestException:http://…" without what is around it.
std::string BareCode(std::string code) {
  code = code.substr(0, code.find(':'));
  return code.substr(code.rfind('#') + 1);
}

}  // namespace

AwsJsonError ParseAwsJsonError(std::string_view json, std::string_view type_header) {
  boost::system::error_code failed;
  const auto value =
      boost::json::parse(boost::json::string_view(json.data(), json.size()), failed);
  AwsJsonError error{.code = BareCode(std::string(type_header))};
  if (failed || !value.is_object()) return error;
  const std::string code = TextOf(value.get_object(), {"__type", "code", "Code"});
  if (!code.empty()) error.code = BareCode(code);
  error.message = TextOf(value.get_object(), {"Message", "message", "errorMessage"});
  return error;
}

/// A call on its way: what was tried, since when.
struct AwsJsonClient::Attempts {
  RequestScope scope;
  steady_clock::time_point begun = steady_clock::now();
  int count = 0;
  bool clock_corrected = false;
  bool credentials_renewed = false;

  milliseconds Age() const {
    return std::chrono::duration_cast<milliseconds>(steady_clock::now() - begun);
  }
};

AwsJsonClient::AwsJsonClient(AwsJsonService service, const Environment& environment)
    : config_(environment),
      service_(Resolved(std::move(service), config_)),
      http_(config_.CaBundle()),
      credentials_(&config_, &http_),
      budget_(kRetryCost) {}

HttpAnswer AwsJsonClient::Attempt(const AwsCall& call, Attempts* attempts) {
  HttpRequest request{.method = "POST", .origin = service_.endpoint, .body = call.body};
  request.headers = {
      {"content-type", "application/x-amz-json-1.1"},
      {"x-amz-target", fmt::format("{}.{}", service_.target, call.operation)}};
  SignAwsRequest(credentials_.Get(), {service_.region, service_.name},
                 system_clock::now() + seconds(clock_offset_), &request);
  HttpLimits limits;
  limits.scope = attempts->scope;
  limits.silence = answered_ ? kSilence : kStrangersSilence;
  if (!answered_) limits.total = kStranger.deadline;
  ++attempts->count;
  return http_.Send(request, limits);
}

/// True when something was wrong that is right now, so that another attempt is worth it.
bool AwsJsonClient::PutRight(const HttpAnswer& answer, const AwsJsonError& error,
                             Attempts* attempts) {
  if (error.code.starts_with("ExpiredToken") && !attempts->credentials_renewed) {
    return attempts->credentials_renewed = credentials_.Refresh();
  }
  const seconds difference = ClockDifference(answer).value_or(seconds(0));
  const bool wrong_clock = answer.status / 100 == 4 &&
                           error.code == "InvalidSignatureException" &&
                           std::chrono::abs(difference) > kClockTolerance;
  if (!wrong_clock || attempts->clock_corrected) return false;
  clock_offset_ = difference.count();
  return attempts->clock_corrected = true;
}

/// False when it has been tried often or long enough.
bool AwsJsonClient::PauseForRetry(const AwsCall& call, const AwsAdvice& advice,
                                  Attempts* attempts) {
  const Patience& patience = answered_ ? kKnown : kStranger;
  const auto deadline = advice.throttled ? call.patience : patience.deadline;
  if (attempts->Age() >= deadline) return false;
  if (!advice.throttled) {
    if (attempts->count >= patience.attempts) return false;
    if (!budget_.Spend()) return false;
  }
  auto left = PauseAfter(attempts->count, kFirstPause);
  for (; left.count() > 0; left -= kLookAgain) {
    attempts->scope.Sleep(std::min(left, kLookAgain));
    call.check();
  }
  return attempts->Age() < deadline;
}

std::string AwsJsonClient::Call(const AwsCall& call) {
  Attempts attempts;
  while (true) {
    call.check();
    HttpAnswer answer = Attempt(call, &attempts);
    if (answer.fault == HttpFault::kNone && answer.status < 500) answered_ = true;
    if (answer.ok()) {
      budget_.Refill();
      return std::move(answer.body);
    }
    AwsJsonError error;
    if (answer.fault == HttpFault::kNone) {
      error = ParseAwsJsonError(answer.body, answer.Header("x-amzn-errortype"));
      if (PutRight(answer, error, &attempts)) continue;
    }
    const AwsAdvice advice = answer.fault == HttpFault::kNone
                                 ? AdviseOnAws(answer.status, error.code)
                                 : AdviseOnFault(answer.fault);
    if (!advice.retry || !PauseForRetry(call, advice, &attempts)) {
      throw Failure(call, answer, error, advice, attempts.count);
    }
  }
}

Error AwsJsonClient::Failure(const AwsCall& call, const HttpAnswer& answer,
                             const AwsJsonError& error, const AwsAdvice& advice,
                             int attempts) {
  if (answer.fault == HttpFault::kInterrupted) {
    return Fail(advice.kind, "Interrupted: {} of {}", call.operation, service_.title);
  }
  std::string why = error.code;
  if (answer.fault != HttpFault::kNone) why = answer.detail;
  if (why.empty()) why = fmt::format("status {}", answer.status);
  // What is said of a signature repeats headers, and so the session's token.
  if (!error.message.empty() && !error.code.ends_with("SignatureException")) {
    why += ": " + credentials_.WithoutSecrets(error.message.substr(0, kLongestMessage));
  }
  if (attempts > 1) why += fmt::format(" ({} attempts)", attempts);
  return Fail(advice.kind, "{}: {} failed at {}: {}{}{}", service_.title, call.operation,
              service_.endpoint, why, advice.way_out.empty() ? "" : ". ", advice.way_out);
}

}  // namespace shoestring
