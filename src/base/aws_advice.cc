#include "base/aws_advice.h"

namespace shoestring {

namespace {

constexpr ErrorKind kInvalid = ErrorKind::kInvalidArgument;
constexpr ErrorKind kNotFound = ErrorKind::kNotFound;
constexpr ErrorKind kConflict = ErrorKind::kConflict;
constexpr ErrorKind kPermission = ErrorKind::kPermission;
constexpr ErrorKind kUnavailable = ErrorKind::kUnavailable;

constexpr std::string_view kUnknownKey =
    "AWS does not know this access key. Way out: check AWS_ACCESS_KEY_ID, or AWS_PROFILE";
constexpr std::string_view kWrongSecret =
    "The secret key does not belong to the access key, or this machine's clock is wrong. "
    "Way out: check AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, and set the clock";
constexpr std::string_view kExpired =
    "The session's credentials have expired. Way out: sign in again, and run it again";
constexpr std::string_view kDenied =
    "It is denied to these credentials. Way out: docs/engines.md has the policy that "
    "Athena and Glue need";
constexpr std::string_view kBusy =
    "The service is overloaded or failing. Way out: run it again later";
constexpr std::string_view kTooMany =
    "Too much is asked at once. Way out: run it again later, or have the account's quota "
    "raised";

struct Rule {
  std::string_view code;
  AwsAdvice advice;
};

constexpr Rule kRules[] = {
    // Who asks
    {"UnrecognizedClientException", {kPermission, kUnknownKey}},
    {"InvalidClientTokenId", {kPermission, kUnknownKey}},
    {"MissingAuthenticationTokenException", {kPermission, kUnknownKey}},
    {"InvalidSignatureException", {kPermission, kWrongSecret}},
    {"IncompleteSignatureException", {kPermission, kWrongSecret}},
    {"ExpiredTokenException", {kPermission, kExpired}},
    {"ExpiredToken", {kPermission, kExpired}},
    {"AccessDeniedException", {kPermission, kDenied}},
    {"AccessDenied", {kPermission, kDenied}},
    {"NotAuthorized", {kPermission, kDenied}},
    // What is named
    {"EntityNotFoundException", {kNotFound, ""}},
    {"ResourceNotFoundException", {kNotFound, ""}},
    {"AlreadyExistsException", {kConflict, ""}},
    {"ConcurrentModificationException", {kConflict, ""}},
    {"VersionMismatchException", {kConflict, ""}},
    {"ResourceNumberLimitExceededException", {ErrorKind::kLimit, kTooMany}},
    {"UnknownOperationException",
     {ErrorKind::kUnsupported, "Is that the service's endpoint? Way out: check it"}},
    // Come again
    {"ThrottlingException", {kUnavailable, kTooMany, true, true}},
    {"Throttling", {kUnavailable, kTooMany, true, true}},
    {"ThrottledException", {kUnavailable, kTooMany, true, true}},
    {"TooManyRequestsException", {kUnavailable, kTooMany, true, true}},
    {"RequestLimitExceeded", {kUnavailable, kTooMany, true, true}},
    {"RequestThrottledException", {kUnavailable, kTooMany, true, true}},
    {"SlowDown", {kUnavailable, kTooMany, true, true}},
    {"InternalServerException", {kUnavailable, kBusy, true}},
    {"InternalServiceException", {kUnavailable, kBusy, true}},
    {"InternalFailure", {kUnavailable, kBusy, true}},
    {"InternalError", {kUnavailable, kBusy, true}},
    {"ServiceUnavailable", {kUnavailable, kBusy, true}},
    {"ServiceUnavailableException", {kUnavailable, kBusy, true}},
    {"OperationTimeoutException", {kUnavailable, kBusy, true}},
    {"RequestTimeout", {kUnavailable, kBusy, true}},
};

}  // namespace

AwsAdvice AdviseOnAws(int status, std::string_view code) {
  for (const Rule& rule : kRules) {
    if (code == rule.code) return rule.advice;
  }
  if (status == 429) return {kUnavailable, kTooMany, true, true};
  if (status >= 500 || status == 408) return {kUnavailable, kBusy, status != 501};
  if (status == 401 || status == 403) return {kPermission, kDenied};
  if (!code.empty()) return {kInvalid, ""};
  return {kInvalid, "Is that the service's endpoint? Way out: check it"};
}

AwsAdvice AdviseOnFault(HttpFault fault) {
  switch (fault) {
    case HttpFault::kName:
      return {kUnavailable,
              "The host's name is not known. Way out: check the region, the endpoint "
              "(--s3-endpoint, AWS_ENDPOINT_URL) and this machine's DNS",
              true};
    case HttpFault::kConnect:
      return {kUnavailable,
              "Nobody answers there. Way out: check the endpoint (--s3-endpoint, "
              "AWS_ENDPOINT_URL), that the server runs, and what firewalls and proxies "
              "(https_proxy) let through",
              true};
    case HttpFault::kTls:
      return {kUnavailable,
              "No TLS connection came about. Way out: check whether the endpoint speaks "
              "https or http",
              true};
    case HttpFault::kCertificate:
      return {kPermission,
              "The server's certificate is not trusted. Way out: AWS_CA_BUNDLE=FILE with "
              "the authority's certificate; see that the endpoint has the name that the "
              "certificate is made out to, and that it has not expired"};
    case HttpFault::kTimeout:
      return {ErrorKind::kTimeout,
              "The server does not answer, or too slowly. Way out: run it again when it "
              "and the network are well",
              true};
    case HttpFault::kCut:
      return {kUnavailable,
              "The connection broke. Way out: run it again when the server and the "
              "network are well",
              true};
    case HttpFault::kTooLarge:
      return {ErrorKind::kCorrupt, "The answer has more bytes than were asked for"};
    case HttpFault::kInterrupted: return {ErrorKind::kCancelled, ""};
    case HttpFault::kNone: break;
  }
  return {};
}

}  // namespace shoestring
