#include "lake/s3_connection.h"

#include <algorithm>
#include <cstdlib>

#include "base/digest.h"
#include "base/error.h"
#include "base/retry.h"

namespace shoestring {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;
using std::chrono::system_clock;

constexpr const char* kDefaultRegion = "us-east-1";

/// How long a server is waited for that has never answered, and one that has.
struct Patience {
  int attempts;
  milliseconds deadline;
  milliseconds first_pause;
};
constexpr Patience kStranger{3, milliseconds(7000), milliseconds(200)};
constexpr Patience kKnown{10, milliseconds(30000), milliseconds(100)};
constexpr seconds kStrangersSilence(3);

constexpr int kRetryCost = 10;

S3Options Checked(S3Options options) {
  CheckS3Options(options);
  return options;
}

/// A failed request that the server may have carried out all the same.
bool MayBeDone(const HttpAnswer& answer) {
  switch (answer.fault) {
    case HttpFault::kName:
    case HttpFault::kConnect:
    case HttpFault::kTls:
    case HttpFault::kCertificate: return false;
    case HttpFault::kNone: return answer.status >= 500;
    default: return true;
  }
}

bool IsExpected(const S3Reply& reply, const S3Request& request,
                std::initializer_list<int> expected) {
  if (reply.http.fault != HttpFault::kNone) return false;
  // What else is not there (the bucket, the access key, this kind of server) is never
  // what was asked for.
  if (reply.http.status == 404 && request.method != "HEAD" &&
      reply.error.code != "NoSuchKey" && reply.error.code != "NoSuchUpload") {
    return false;
  }
  return std::ranges::find(expected, reply.http.status) != expected.end();
}

/// Text of others on one line that is not long.
std::string OneLine(std::string text) {
  constexpr size_t kLongest = 200;
  std::ranges::replace_if(
      text, [](unsigned char c) { return c < ' '; }, ' ');
  if (text.size() > kLongest) text.resize(kLongest);
  while (text.ends_with('.') || text.ends_with(' ')) text.pop_back();
  return text;
}

}  // namespace

/// A request on its way: what was tried, since when.
struct S3Connection::Call {
  const S3Request& request;
  RequestScope scope;
  steady_clock::time_point begun = steady_clock::now();
  int attempts = 0;
  bool unclear = false;
  bool region_corrected = false;
  bool clock_corrected = false;
  bool credentials_renewed = false;
  bool explained = false;
  std::string region = {};  ///< That the last attempt was signed for.

  milliseconds Age() const {
    return std::chrono::duration_cast<milliseconds>(steady_clock::now() - begun);
  }
};

S3Connection::S3Connection(S3Location location, S3Options options,
                           const Environment& environment)
    : location_(std::move(location)),
      options_(Checked(std::move(options))),
      config_(environment),
      client_(config_.CaBundle()),
      credentials_(&config_, &client_),
      endpoint_(options_.endpoint.empty() ? config_.Endpoint("s3").value_or("")
                                          : options_.endpoint),
      region_(options_.region.empty() ? config_.Region().value_or(kDefaultRegion)
                                      : options_.region),
      address_(AddressOf(location_.bucket, region_, endpoint_, options_.path_style)),
      budget_(kRetryCost) {}

HttpLimits S3Connection::LimitsOf(const Call& call) const {
  HttpLimits limits;
  limits.scope = call.scope;
  limits.silence = call.request.silence;
  if (answered_) return limits;
  limits.silence = kStrangersSilence;
  limits.total = std::max(milliseconds(500), kStranger.deadline - call.Age());
  return limits;
}

/// Addresses a request, and signs it; gives the region that it is signed for.
std::string S3Connection::SignedFor(HttpRequest* http) {
  AwsScope scope{.service = "s3"};
  {
    const std::lock_guard lock(mutex_);
    http->origin = address_.origin;
    http->path = address_.path + http->path;
    scope.region = region_;
  }
  if (!options_.anonymous) {
    SignAwsRequest(credentials_.Get(), scope,
                   system_clock::now() + seconds(clock_offset_), http);
  }
  return scope.region;
}

S3Reply S3Connection::Attempt(Call* call) {
  const S3Request& request = call->request;
  HttpRequest http{.method = request.method,
                   .path = {},
                   .query = request.query,
                   .headers = request.headers,
                   .body = request.body};
  if (!request.key.empty()) {
    http.path = UriEncode(location_.prefix + request.key, /*keep_slash=*/true);
  }
  // With POST, the header would speak of something else than the body.
  if (request.method == "PUT") {
    const std::string hash =
        request.sha256.empty() ? Sha256(request.body) : request.sha256;
    http.headers.emplace_back("x-amz-content-sha256", HexOf(hash));
    http.headers.emplace_back("x-amz-checksum-sha256", Base64Of(hash));
  }
  call->region = SignedFor(&http);
  S3Reply reply{.http = client_.Send(http, LimitsOf(*call), request.to),
                .unclear = call->unclear};
  // The error of what takes long may come after a 200.
  const bool may_hide_error = request.method == "POST" && reply.http.ok();
  if (may_hide_error ? IsS3Error(reply.http.body) : !reply.http.ok()) {
    reply.error = ParseS3Error(reply.http.body);
  }
  StoreStatistics counted{.retries = call->attempts > 0 ? 1 : 0,
                          .bytes_read = reply.http.received,
                          .bytes_written = static_cast<int64_t>(request.body.size())};
  counted.*request.count = 1;
  counters_.Add(counted);
  ++call->attempts;
  return reply;
}

/// The answer to HEAD has no room for the reason: throws what GET says instead.
void S3Connection::Explain(const Call& call) {
  S3Request get = call.request;
  get.method = "GET";
  get.headers.emplace_back("range", "bytes=0-0");
  get.count = &StoreStatistics::gets;
  Send(get, {404, 416});
}

bool S3Connection::PutRegionRight(const S3Reply& reply, const Call& call) {
  const int status = reply.http.status;
  if (status != 301 && status != 307 && status != 400) return false;
  std::string region(reply.http.Header("x-amz-bucket-region"));
  if (region.empty()) region = reply.error.region;
  if (region.empty() || region == call.region) return false;
  const std::lock_guard lock(mutex_);
  address_ = AddressOf(location_.bucket, region, endpoint_, options_.path_style);
  region_ = region;
  return true;
}

bool S3Connection::PutClockRight(const S3Reply& reply) {
  if (reply.error.code != "RequestTimeTooSkewed") return false;
  const auto difference = ClockDifference(reply.http);
  if (difference) clock_offset_ = difference->count();
  return difference.has_value();
}

/// True when something was wrong that is right now, so that another attempt is worth it.
bool S3Connection::PutRight(const S3Reply& reply, Call* call) {
  if (reply.http.fault != HttpFault::kNone) return false;
  if (!call->region_corrected && PutRegionRight(reply, *call)) {
    return call->region_corrected = true;
  }
  if (!call->clock_corrected && PutClockRight(reply)) {
    return call->clock_corrected = true;
  }
  if (!call->credentials_renewed && reply.error.code == "ExpiredToken" &&
      !options_.anonymous && credentials_.Refresh()) {
    return call->credentials_renewed = true;
  }
  return false;
}

/// False when it has been tried often or long enough.
bool S3Connection::PauseForRetry(Call* call) {
  const Patience& patience = answered_ ? kKnown : kStranger;
  if (call->attempts >= patience.attempts || call->Age() >= patience.deadline) {
    return false;
  }
  if (!budget_.Spend()) return false;
  call->scope.Sleep(PauseAfter(call->attempts, patience.first_pause));
  return call->Age() < patience.deadline;
}

S3Reply S3Connection::Send(const S3Request& request,
                           std::initializer_list<int> expected) {
  Call call{.request = request};
  while (true) {
    S3Reply reply = Attempt(&call);
    if (reply.ok()) {
      answered_ = true;
      budget_.Refill();
      return reply;
    }
    if (PutRight(reply, &call)) continue;
    const AwsAdvice advice = reply.http.fault == HttpFault::kNone
                                 ? AdviseOnS3(reply.http.status, reply.error.code)
                                 : AdviseOnFault(reply.http.fault);
    if (!advice.retry && IsExpected(reply, request, expected)) {
      answered_ = true;
      return reply;
    }
    if (request.method == "HEAD" && reply.http.status != 0 && !advice.retry &&
        !call.explained) {
      call.explained = true;
      Explain(call);
      continue;
    }
    call.unclear = call.unclear || MayBeDone(reply.http);
    if (!advice.retry || !PauseForRetry(&call)) throw Failure(call, reply, advice);
  }
}

Error S3Connection::Failure(const Call& call, const S3Reply& reply,
                            const AwsAdvice& advice) {
  const S3Request& request = call.request;
  std::string origin;
  {
    const std::lock_guard lock(mutex_);
    origin = endpoint_.empty() ? address_.origin : endpoint_;
  }
  std::string where = request.key.empty() ? location_.Uri()
                                          : fmt::format("s3://{}/{}{}", location_.bucket,
                                                        location_.prefix, request.key);
  if (reply.http.fault == HttpFault::kInterrupted) {
    return Fail(advice.kind, "Interrupted: cannot {} {}", request.what, where);
  }
  std::string why = reply.error.code;
  if (why.empty()) {
    why = reply.http.fault != HttpFault::kNone
              ? OneLine(reply.http.detail)
              : fmt::format("status {}", reply.http.status);
  }
  if (!reply.error.message.empty()) {
    const std::string& words = reply.error.message;
    why +=
        ": " + OneLine(options_.anonymous ? words : credentials_.WithoutSecrets(words));
  }
  if (reply.error.code == "RequestTimeTooSkewed") {
    if (const auto difference = ClockDifference(reply.http)) {
      why += fmt::format(" (the server's clock differs by {} s)", difference->count());
    }
  }
  if (call.attempts > 1) why += fmt::format(" ({} attempts)", call.attempts);
  return Fail(advice.kind, "Cannot {} {} at {}: {}{}{}", request.what, where, origin, why,
              advice.way_out.empty() ? "" : ". ", advice.way_out);
}

}  // namespace shoestring
