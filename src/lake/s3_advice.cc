#include "lake/s3_advice.h"

namespace shoestring {

namespace {

constexpr ErrorKind kInvalid = ErrorKind::kInvalidArgument;
constexpr ErrorKind kNotFound = ErrorKind::kNotFound;
constexpr ErrorKind kConflict = ErrorKind::kConflict;
constexpr ErrorKind kPermission = ErrorKind::kPermission;
constexpr ErrorKind kUnavailable = ErrorKind::kUnavailable;

constexpr std::string_view kNoServer =
    "Is that an S3 server? Way out: check --s3-endpoint";
constexpr std::string_view kBusy =
    "The server is overloaded or failing. Way out: run it "
    "again later";
constexpr std::string_view kUnknownKey =
    "The server does not know this access key. Way out: check AWS_ACCESS_KEY_ID, or "
    "AWS_PROFILE, and that the endpoint is the one that the key is for";
constexpr std::string_view kWrongSecret =
    "The secret key does not belong to the access key. Way out: check "
    "AWS_SECRET_ACCESS_KEY, or AWS_PROFILE";
constexpr std::string_view kExpired =
    "The session's credentials have expired. Way out: sign in again, and run it again";
constexpr std::string_view kDenied =
    "It is denied to these credentials. Way out: docs/s3.md has the policy that each "
    "command needs; without s3:ListBucket, S3 says the same of an object that does not "
    "exist";
constexpr std::string_view kClock =
    "This machine's clock is wrong. Way out: set it, by NTP for example";
constexpr std::string_view kRegion =
    "The bucket is in another region. Way out: --s3-region, or AWS_REGION";
constexpr std::string_view kBucket =
    "There is no such bucket at this endpoint. Way out: correct the name, or make it: "
    "shoestring makes no buckets";
constexpr std::string_view kKms =
    "KMS refuses. Way out: allow kms:GenerateDataKey and kms:Decrypt on the key to these "
    "credentials, and see that it exists, is enabled and in the bucket's region";
constexpr std::string_view kArchived =
    "The object is in an archive, and cannot be read until it is restored. Way out: "
    "restore it, or keep table data in GLACIER_IR (see docs/s3.md)";

struct Rule {
  std::string_view code;  ///< All that begins with it, where it ends in '.'.
  AwsAdvice advice;
};

constexpr Rule kRules[] = {
    // What is named
    {"NoSuchBucket", {kNotFound, kBucket}},
    {"NoSuchKey", {kNotFound, ""}},
    {"NoSuchUpload", {kNotFound, ""}},
    {"InvalidBucketName", {kInvalid, kBucket}},
    {"KeyTooLongError",
     {kInvalid, "Keys have at most 1024 bytes. Way out: a shorter prefix of the lake"}},
    {"PermanentRedirect", {kInvalid, kRegion}},
    {"TemporaryRedirect", {kUnavailable, kRegion, /*retry=*/true}},
    {"AuthorizationHeaderMalformed", {kInvalid, kRegion}},
    {"IllegalLocationConstraintException", {kInvalid, kRegion}},
    {"InvalidRegion", {kInvalid, kRegion}},
    // Who asks
    {"InvalidAccessKeyId", {kPermission, kUnknownKey}},
    {"SignatureDoesNotMatch", {kPermission, kWrongSecret}},
    {"XAdminUserNotFound", {kPermission, kUnknownKey}},  // VersityGW's
    {"InvalidSecurity", {kPermission, kUnknownKey}},
    {"NotSignedUp", {kPermission, kUnknownKey}},
    {"ExpiredToken", {kPermission, kExpired}},
    {"TokenRefreshRequired", {kPermission, kExpired}},
    {"InvalidToken",
     {kPermission,
      "The session token does not belong to the keys. Way out: check AWS_SESSION_TOKEN; "
      "unset it for keys that do not expire"}},
    {"AccessDenied", {kPermission, kDenied}},
    {"AllAccessDisabled", {kPermission, kDenied}},
    {"AccountProblem", {kPermission, "The AWS account has a problem: ask its owner"}},
    {"RequestTimeTooSkewed", {kPermission, kClock}},
    {"RequestExpired", {kPermission, kClock}},
    {"KMS.", {kPermission, kKms}},
    // Objects
    {"InvalidObjectState", {ErrorKind::kUnsupported, kArchived}},
    {"PreconditionFailed", {kConflict, ""}},
    {"InvalidRange", {ErrorKind::kCorrupt, ""}},
    {"InvalidStorageClass",
     {ErrorKind::kUnsupported,
      "This server does not have the storage class. Way out: without "
      "--s3-storage-class"}},
    {"BadDigest", {kUnavailable, "Bytes were changed on the way", /*retry=*/true}},
    {"XAmzContentSHA256Mismatch",
     {kUnavailable, "Bytes were changed on the way", /*retry=*/true}},
    {"XAmzContentChecksumMismatch",
     {kUnavailable, "Bytes were changed on the way", /*retry=*/true}},
    {"EntityTooLarge", {ErrorKind::kLimit, "S3 takes no object as large"}},
    {"QuotaExceeded", {ErrorKind::kLimit, "The storage is full, or has a quota"}},
    {"XMinioStorageFull", {ErrorKind::kLimit, "The storage is full"}},
    {"NotImplemented",
     {ErrorKind::kUnsupported,
      "This server lacks what a lake needs: conditional writes (If-None-Match, "
      "If-Match), multipart uploads, ListObjectsV2"}},
    // Come again
    {"SlowDown", {kUnavailable, kBusy, /*retry=*/true}},
    {"ServiceUnavailable", {kUnavailable, kBusy, /*retry=*/true}},
    {"InternalError", {kUnavailable, kBusy, /*retry=*/true}},
    {"RequestTimeout", {kUnavailable, kBusy, /*retry=*/true}},
    {"RequestTimeoutException", {kUnavailable, kBusy, /*retry=*/true}},
    {"Throttling", {kUnavailable, kBusy, /*retry=*/true}},
    {"ThrottlingException", {kUnavailable, kBusy, /*retry=*/true}},
    {"RequestLimitExceeded", {kUnavailable, kBusy, /*retry=*/true}},
    {"OperationAborted", {kConflict, "Others write the same object", /*retry=*/true}},
    {"ConditionalRequestConflict",
     {kConflict, "Others write the same object", /*retry=*/true}},
    {"IncompleteBody", {kUnavailable, kBusy, /*retry=*/true}},
};

bool Matches(std::string_view rule, std::string_view code) {
  return rule.ends_with('.') ? code.starts_with(rule) : code == rule;
}

/// What a status alone tells.
AwsAdvice AdviseOnStatus(int status) {
  switch (status) {
    case 301:
    case 307: return {kInvalid, kRegion};
    case 401:
    case 403: return {kPermission, kDenied};
    case 409: return {kConflict, "Others write the same object"};
    case 412: return {kConflict, ""};
    case 408:
    case 429:
    case 500:
    case 502:
    case 503:
    case 504: return {kUnavailable, kBusy, /*retry=*/true};
    case 501: return {ErrorKind::kUnsupported, "This server lacks what a lake needs"};
    default: break;
  }
  if (status >= 500) return {kUnavailable, kBusy};
  return {kInvalid, kNoServer};
}

}  // namespace

AwsAdvice AdviseOnS3(int status, std::string_view code) {
  for (const Rule& rule : kRules) {
    if (Matches(rule.code, code)) return rule.advice;
  }
  AwsAdvice advice = AdviseOnStatus(status);
  if (advice.way_out == kNoServer && !code.empty()) advice.way_out = "";
  return advice;
}

}  // namespace shoestring
