#include "lake/s3_answers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lake/s3_advice.h"
#include "lake/s3_location.h"
#include "lake/s3_upload.h"
#include "lake/test_lake.h"

namespace shoestring {
namespace {

using testing::HasSubstr;

TEST(S3AnswersTest, Pages) {
  const S3Page page = ParseS3Page(
      "<?xml version=\"1.0\"?><ListBucketResult xmlns=\"http://s3.amazonaws.com/\">"
      "<IsTruncated>true</IsTruncated><EncodingType>url</EncodingType>"
      "<NextContinuationToken>a%2Bb</NextContinuationToken>"
      "<Contents><Key>data/a+b%2B%C3%BC%</Key><Size>12</Size><ETag>&quot;x&quot;</ETag>"
      "</Contents></ListBucketResult>");
  ASSERT_EQ(page.objects.size(), 1u);
  EXPECT_EQ(page.objects[0].key, "data/a b+ü%");
  EXPECT_EQ(page.objects[0].size, 12);
  EXPECT_EQ(page.objects[0].etag, "x");
  EXPECT_EQ(page.next, "a%2Bb") << "tokens are not encoded";
  EXPECT_EQ(ParseS3Page("<ListBucketResult><Contents><Key>a+b</Key><Size>1</Size>"
                        "</Contents></ListBucketResult>")
                .objects[0]
                .key,
            "a+b");
}

TEST(S3AnswersTest, RefusesWhatIsNoAnswer) {
  constexpr const char* kNegativeSize =
      "<ListBucketResult><Contents><Key>a</Key><Size>-1</Size></Contents>"
      "</ListBucketResult>";
  for (const char* xml :
       {"", "text", "<html></html>", "<ListBucketResult>", kNegativeSize,
        "<ListBucketResult><Contents><Key>a</Key></Contents></ListBucketResult>",
        "<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>"}) {
    EXPECT_EQ(KindOf([&] { ParseS3Page(xml); }), ErrorKind::kCorrupt) << xml;
    EXPECT_EQ(KindOf([&] { ParseS3UploadPage(xml); }), ErrorKind::kCorrupt) << xml;
    EXPECT_EQ(KindOf([&] { ParseS3UploadId(xml); }), ErrorKind::kCorrupt) << xml;
    EXPECT_EQ(KindOf([&] { ParseS3DeleteErrors(xml); }), ErrorKind::kCorrupt) << xml;
    EXPECT_EQ(ParseS3Error(xml).code, "");
  }
}

TEST(S3AnswersTest, Errors) {
  const S3Error error = ParseS3Error(
      "<Error><Code>AuthorizationHeaderMalformed</Code><Message>m</Message>"
      "<Region>eu-west-3</Region></Error>");
  EXPECT_EQ(error.code, "AuthorizationHeaderMalformed");
  EXPECT_EQ(error.region, "eu-west-3");
  EXPECT_TRUE(IsS3Error("   <Error/>"));
  EXPECT_FALSE(IsS3Error("<CompleteMultipartUploadResult/>"));
  const auto failed = ParseS3DeleteErrors(
      "<DeleteResult><Deleted><Key>b</Key></Deleted><Error><Key>a</Key>"
      "<Code>AccessDenied</Code></Error></DeleteResult>");
  ASSERT_EQ(failed.size(), 1u);
  EXPECT_EQ(failed[0].key, "a");
  EXPECT_EQ(failed[0].error.code, "AccessDenied");
}

TEST(S3AnswersTest, Uploads) {
  const S3UploadPage page = ParseS3UploadPage(
      "<ListMultipartUploadsResult><IsTruncated>true</IsTruncated>"
      "<EncodingType>url</EncodingType><NextKeyMarker>a%20b</NextKeyMarker>"
      "<NextUploadIdMarker>m</NextUploadIdMarker>"
      "<Upload><Key>a%20b</Key><UploadId>u</UploadId></Upload>"
      "</ListMultipartUploadsResult>");
  EXPECT_TRUE(page.more);
  EXPECT_EQ(page.uploads[0].key, "a b");
  EXPECT_EQ(page.uploads[0].id, "u");
  EXPECT_EQ(page.next.key, "a b");
  EXPECT_EQ(page.next.id, "m");
}

TEST(S3AnswersTest, Tokens) {
  const S3Staged staged{.upload = "u\"&<", .parts = {{"e1", "s1"}, {"e2", "s2"}}};
  const S3Staged parsed = ParseS3Token(FormatS3Token(staged));
  EXPECT_EQ(parsed.upload, staged.upload);
  ASSERT_EQ(parsed.parts.size(), 2u);
  EXPECT_EQ(parsed.parts[1].etag, "e2");
  EXPECT_EQ(parsed.parts[1].sha256, "s2");
  EXPECT_THAT(FormatS3Completion(staged),
              HasSubstr("<PartNumber>2</PartNumber><ETag>&quot;e2&quot;</ETag>"));
  for (const char* token : {"", "{}", "runs/a/staging/b", "{\"upload\":1,\"parts\":[]}",
                            "{\"upload\":\"u\",\"parts\":[[]]}"}) {
    EXPECT_EQ(KindOf([&] { ParseS3Token(token); }), ErrorKind::kCorrupt) << token;
  }
}

TEST(S3LocationTest, Uris) {
  EXPECT_EQ(ParseS3Uri("s3://bucket").prefix, "");
  EXPECT_EQ(ParseS3Uri("s3://bucket/").Uri(), "s3://bucket");
  EXPECT_EQ(ParseS3Uri("s3://my.bucket/a/b c/").prefix, "a/b c/");
  EXPECT_EQ(ParseS3Uri("s3://bucket/a/b/").Uri(), "s3://bucket/a/b");
  for (const char* uri :
       {"s3://", "s3:///a", "s3://ab", "s3://Bucket", "s3://a_b", "s3://-ab",
        "s3://bucket//a", "s3://bucket/../a", "s3://buc ket", "s3://bucket?x"}) {
    EXPECT_EQ(KindOf([&] { ParseS3Uri(uri); }), ErrorKind::kInvalidArgument) << uri;
  }
}

TEST(S3LocationTest, Addresses) {
  struct Case {
    const char* bucket;
    const char* endpoint;
    bool path_style;
    const char* expected;
  };
  const Case cases[] = {
      {"b-1", "", false, "https://b-1.s3.eu-west-1.amazonaws.com/"},
      {"b-1", "", true, "https://s3.eu-west-1.amazonaws.com/b-1/"},
      {"b.1", "", false, "https://s3.eu-west-1.amazonaws.com/b.1/"},
      {"b-1", "http://127.0.0.1:9", false, "http://127.0.0.1:9/b-1/"},
      {"b-1", "http://[::1]:9/", false, "http://[::1]:9/b-1/"},
      {"b-1", "https://s3.us-east-2.amazonaws.com", false,
       "https://b-1.s3.us-east-2.amazonaws.com/"},
  };
  for (const Case& it : cases) {
    const S3Address address =
        AddressOf(it.bucket, "eu-west-1", it.endpoint, it.path_style);
    EXPECT_EQ(address.origin + address.path, it.expected);
  }
  EXPECT_EQ(AddressOf("b-1", "cn-north-1", "", false).origin,
            "https://b-1.s3.cn-north-1.amazonaws.com.cn");
  for (const char* endpoint :
       {"localhost:9", "ftp://x", "http://", "http://u@h", "http://h/x"}) {
    EXPECT_EQ(KindOf([&] { AddressOf("b-1", "r", endpoint, false); }),
              ErrorKind::kInvalidArgument)
        << endpoint;
  }
  EXPECT_EQ(KindOf([&] { AddressOf("b-1", "evil.example/", "", false); }),
            ErrorKind::kInvalidArgument);
}

TEST(S3LocationTest, Options) {
  CheckS3Options({});
  CheckS3Options(
      {.encryption = "aws:kms", .kms_key = "k", .storage_class = "GLACIER_IR"});
  for (const char* storage : {"GLACIER", "DEEP_ARCHIVE"}) {
    EXPECT_EQ(KindOf([&] { CheckS3Options({.storage_class = storage}); }),
              ErrorKind::kUnsupported);
  }
  const S3Options wrong[] = {{.encryption = "none"},
                             {.encryption = "AES256", .kms_key = "k"},
                             {.storage_class = "standard"}};
  for (const S3Options& options : wrong) {
    EXPECT_EQ(KindOf([&] { CheckS3Options(options); }), ErrorKind::kInvalidArgument);
  }
}

TEST(AwsAdviceTest, KindsOfAnswers) {
  struct Case {
    int status;
    const char* code;
    ErrorKind kind;
    bool retry;
    const char* words;
  };
  const Case cases[] = {
      {404, "NoSuchBucket", ErrorKind::kNotFound, false, "bucket"},
      {301, "PermanentRedirect", ErrorKind::kInvalidArgument, false, "--s3-region"},
      {400, "AuthorizationHeaderMalformed", ErrorKind::kInvalidArgument, false, "region"},
      {403, "InvalidAccessKeyId", ErrorKind::kPermission, false, "AWS_ACCESS_KEY_ID"},
      {403, "SignatureDoesNotMatch", ErrorKind::kPermission, false, "secret"},
      {400, "ExpiredToken", ErrorKind::kPermission, false, "expired"},
      {403, "AccessDenied", ErrorKind::kPermission, false, "docs/s3.md"},
      {403, "RequestTimeTooSkewed", ErrorKind::kPermission, false, "clock"},
      {400, "KMS.DisabledException", ErrorKind::kPermission, false, "kms:Decrypt"},
      {403, "InvalidObjectState", ErrorKind::kUnsupported, false, "restore"},
      {501, "NotImplemented", ErrorKind::kUnsupported, false, "conditional writes"},
      {503, "SlowDown", ErrorKind::kUnavailable, true, "later"},
      {500, "InternalError", ErrorKind::kUnavailable, true, "later"},
      {400, "RequestTimeout", ErrorKind::kUnavailable, true, "later"},
      {409, "ConditionalRequestConflict", ErrorKind::kConflict, true, "Others"},
      {502, "", ErrorKind::kUnavailable, true, "later"},
      {429, "", ErrorKind::kUnavailable, true, "later"},
      {403, "", ErrorKind::kPermission, false, "denied"},
      {404, "XAdminUserNotFound", ErrorKind::kPermission, false, "access key"},
      {404, "", ErrorKind::kInvalidArgument, false, "--s3-endpoint"},
      {400, "Unheard", ErrorKind::kInvalidArgument, false, ""},
      {200, "InternalError", ErrorKind::kUnavailable, true, "later"},
  };
  for (const Case& it : cases) {
    const AwsAdvice advice = AdviseOnS3(it.status, it.code);
    EXPECT_EQ(advice.kind, it.kind) << it.code;
    EXPECT_EQ(advice.retry, it.retry) << it.code;
    EXPECT_THAT(std::string(advice.way_out), HasSubstr(it.words)) << it.code;
  }
}

TEST(AwsAdviceTest, KindsOfFaults) {
  EXPECT_EQ(AdviseOnFault(HttpFault::kName).kind, ErrorKind::kUnavailable);
  EXPECT_EQ(AdviseOnFault(HttpFault::kCertificate).kind, ErrorKind::kPermission);
  EXPECT_FALSE(AdviseOnFault(HttpFault::kCertificate).retry);
  EXPECT_EQ(AdviseOnFault(HttpFault::kTimeout).kind, ErrorKind::kTimeout);
  EXPECT_EQ(AdviseOnFault(HttpFault::kInterrupted).kind, ErrorKind::kCancelled);
  EXPECT_FALSE(AdviseOnFault(HttpFault::kInterrupted).retry);
}

}  // namespace
}  // namespace shoestring
