#include "lake/s3_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <thread>

#include "lake/test_lake.h"
#include "lake/test_s3_server.h"

namespace shoestring {
namespace {

using std::chrono::steady_clock;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using Answer = TestS3Server::Answer;
using Fault = TestS3Server::Fault;
using Request = TestS3Server::Request;

constexpr const char* kSecret = "a-secret-that-nobody-may-read";

/// A store before a server that misbehaves as the test wants.
class S3StoreTest : public testing::Test {
 protected:
  S3Store Open(S3Options options = {}) {
    if (options.endpoint.empty()) options.endpoint = server_.endpoint();
    return {ParseS3Uri("s3://bucket/lake"), options,
            [](const char* name) -> std::optional<std::string> {
              const std::string_view variable(name);
              if (variable == "AWS_ACCESS_KEY_ID") return "AKIATEST";
              if (variable == "AWS_SECRET_ACCESS_KEY") return kSecret;
              return std::nullopt;
            }};
  }

  /// The first `count` requests of a method meet this.
  void FaultFirst(Fault fault, const std::string& method, int count = 1) {
    server_.fault = [fault, method, count](const Request& request) mutable {
      return request.method == method && count-- > 0 ? fault : Fault::kNone;
    };
  }

  void AnswerFirst(Answer answer, int count = 1) {
    server_.answer = [answer, count](const Request&) mutable -> std::optional<Answer> {
      if (count-- > 0) return answer;
      return std::nullopt;
    };
  }

  template <typename Call>
  ErrorKind Fails(const Call& call) {
    try {
      call();
    } catch (const Error& error) {
      message_ = error.what();
      EXPECT_THAT(message_, Not(HasSubstr(kSecret)));
      EXPECT_THAT(message_, Not(HasSubstr("AKIATEST")));
      return error.kind();
    }
    ADD_FAILURE() << "no error";
    return ErrorKind::kInternal;
  }

  TestS3Server server_;
  std::string message_;
};

StagedObject Stage(S3Store* store, std::string_view key, size_t size) {
  auto writer = store->Create(key, "run");
  writer->Append(AsBytes(std::string(size, 'x')));
  return std::move(*writer).Finish();
}

TEST_F(S3StoreTest, TriesAgain) {
  for (const Fault fault : {Fault::kReset, Fault::kLost, Fault::kCut}) {
    S3Store store = Open();
    store.Put("a", "content");
    FaultFirst(fault, "GET");
    EXPECT_EQ(store.Get("a").content, "content");
    FaultFirst(fault, "PUT");
    store.Put("b", "more");
    EXPECT_EQ(store.Get("b").content, "more");
    // An empty body that is cut loses nothing.
    EXPECT_EQ(store.statistics().retries, fault == Fault::kCut ? 1 : 2);
  }
  for (const int status : {500, 502, 503, 504, 429}) {
    S3Store store = Open();
    AnswerFirst({.status = status});
    EXPECT_EQ(store.Get("a").content, "content") << status;
    AnswerFirst(TestS3Server::Refusal(503, "SlowDown"));
    EXPECT_EQ(store.Get("a").content, "content");
  }
}

TEST_F(S3StoreTest, LostAnswersOfConditionalWrites) {
  S3Store store = Open();
  FaultFirst(Fault::kLost, "PUT");
  const auto first = store.PutIf("a", "1", std::nullopt);
  ASSERT_TRUE(first) << "it was this one that was first";
  EXPECT_EQ(store.Get("a").etag, *first);
  FaultFirst(Fault::kLost, "PUT");
  const auto second = store.PutIf("a", "2", first);
  ASSERT_TRUE(second);
  FaultFirst(Fault::kReset, "PUT");
  EXPECT_FALSE(store.PutIf("a", "3", first)) << "somebody else was";
  EXPECT_EQ(store.Get("a").content, "2");
  AnswerFirst(TestS3Server::Refusal(409, "ConditionalRequestConflict"));
  EXPECT_TRUE(store.PutIf("a", "3", second));
}

TEST_F(S3StoreTest, LostAnswersOfUploads) {
  S3Store store = Open();
  FaultFirst(Fault::kLost, "PUT", 2);
  const StagedObject staged = Stage(&store, "data/t/run-0", 20 << 20);
  FaultFirst(Fault::kLost, "POST");
  Stage(&store, "data/t/run-2", 1);
  EXPECT_EQ(server_.open_uploads().size(), 2u) << "none that nobody knows of";
  FaultFirst(Fault::kLost, "POST");
  store.Publish(staged);
  EXPECT_EQ(store.Head("data/t/run-0")->size, 20 << 20);
  AnswerFirst({.status = 200, .body = "  <Error><Code>InternalError</Code></Error>"});
  const StagedObject again = Stage(&store, "data/t/run-1", 1);
  AnswerFirst({.status = 200, .body = "  <Error><Code>InternalError</Code></Error>"});
  store.Publish(again);
  EXPECT_EQ(store.Head("data/t/run-1")->size, 1);
}

TEST_F(S3StoreTest, UploadsLeaveNothing) {
  S3Store store = Open();
  {
    auto writer = store.Create("data/t/run-0", "run");
    writer->Append(AsBytes(std::string(9 << 20, 'x')));
  }
  EXPECT_THAT(server_.open_uploads(), IsEmpty());
  const StagedObject staged = Stage(&store, "data/t/run-0", 1);
  Stage(&store, "data/t/run2-0", 1);
  EXPECT_EQ(server_.open_uploads().size(), 2u);
  store.DiscardStaged("run");
  EXPECT_THAT(server_.open_uploads(), ElementsAre("lake/data/t/run2-0"));
  EXPECT_EQ(Fails([&] { store.Publish(staged); }), ErrorKind::kNotFound);
  EXPECT_THAT(message_, HasSubstr("What was staged is gone"));
}

TEST_F(S3StoreTest, PartsThatFail) {
  S3Store store = Open();
  server_.answer = [](const Request& request) -> std::optional<Answer> {
    if (request.Query("partNumber") == "2") {
      return TestS3Server::Refusal(403, "AccessDenied");
    }
    return std::nullopt;
  };
  EXPECT_EQ(Fails([&] { Stage(&store, "data/t/run-0", 50 << 20); }),
            ErrorKind::kPermission);
  EXPECT_THAT(server_.open_uploads(), IsEmpty());
}

TEST_F(S3StoreTest, HowObjectsAreKept) {
  S3Store store = Open({.kms_key = "key", .storage_class = "STANDARD_IA"});
  store.Put("catalog/a", "1");
  store.Publish(Stage(&store, "data/t/run-0", 1));
  const auto catalog = server_.headers_of("lake/catalog/a");
  const auto data = server_.headers_of("lake/data/t/run-0");
  EXPECT_FALSE(catalog.contains("x-amz-storage-class")) << "small, and soon replaced";
  EXPECT_EQ(data.at("x-amz-storage-class"), "STANDARD_IA");
  for (const auto& headers : {catalog, data}) {
    EXPECT_EQ(headers.at("x-amz-server-side-encryption"), "aws:kms");
    EXPECT_EQ(headers.at("x-amz-server-side-encryption-aws-kms-key-id"), "key");
    EXPECT_THAT(headers.at("authorization"), HasSubstr("Credential=AKIATEST/"));
  }
}

TEST_F(S3StoreTest, RegionIsFollowedOnce) {
  S3Store store = Open();
  store.Put("a", "1");
  AnswerFirst({.status = 301, .headers = {{"x-amz-bucket-region", "eu-west-3"}}});
  EXPECT_EQ(store.Get("a").content, "1");
  server_.answer = [](const Request& request) -> std::optional<Answer> {
    EXPECT_THAT(request.Header("authorization"), HasSubstr("/eu-west-3/s3/"));
    return std::nullopt;
  };
  store.Get("a");
  AnswerFirst({.status = 301, .headers = {{"x-amz-bucket-region", "eu-west-4"}}}, 9);
  EXPECT_EQ(Fails([&] { store.Get("a"); }), ErrorKind::kInvalidArgument);
  EXPECT_THAT(message_, HasSubstr("--s3-region"));
}

TEST_F(S3StoreTest, ClockIsPutRightOnce) {
  S3Store store = Open();
  store.Put("a", "1");
  Answer skewed = TestS3Server::Refusal(403, "RequestTimeTooSkewed");
  skewed.headers["Date"] = "Tue, 01 Jan 2030 00:00:00 GMT";
  AnswerFirst(skewed);
  EXPECT_EQ(store.Get("a").content, "1");
  server_.answer = [](const Request& request) -> std::optional<Answer> {
    EXPECT_THAT(request.Header("x-amz-date"), HasSubstr("20300101T0000"));
    return std::nullopt;
  };
  store.Get("a");
  AnswerFirst(skewed, 9);
  EXPECT_EQ(Fails([&] { store.Get("a"); }), ErrorKind::kPermission);
  EXPECT_THAT(message_, HasSubstr("clock differs by"));
}

TEST_F(S3StoreTest, HeadSaysWhy) {
  S3Store store = Open();
  server_.answer = [](const Request& request) -> std::optional<Answer> {
    if (request.method == "HEAD") return Answer{.status = 403};
    return TestS3Server::Refusal(403, "InvalidAccessKeyId");
  };
  EXPECT_EQ(Fails([&] { store.Head("a"); }), ErrorKind::kPermission);
  EXPECT_THAT(message_, HasSubstr("InvalidAccessKeyId"));
  EXPECT_THAT(message_, HasSubstr("s3://bucket/lake/a"));
}

TEST_F(S3StoreTest, WhatIsNoS3Server) {
  S3Store store = Open();
  AnswerFirst({.status = 404, .body = "<html>Not here</html>"}, 9);
  EXPECT_EQ(Fails([&] { store.Get("a"); }), ErrorKind::kInvalidArgument);
  EXPECT_THAT(message_, HasSubstr("--s3-endpoint"));
  AnswerFirst({.status = 200, .body = "<html>Hello</html>"}, 9);
  EXPECT_EQ(Fails([&] { store.List(""); }), ErrorKind::kCorrupt);
}

TEST_F(S3StoreTest, BytesThatAreNotThoseAskedFor) {
  S3Store store = Open();
  store.Put("a", "0123456789");
  std::string to(4, '?');
  const auto read = [&] {
    store.ReadRange("a", 2, {reinterpret_cast<uint8_t*>(to.data()), to.size()}, nullptr);
  };
  AnswerFirst(
      {.status = 206, .headers = {{"Content-Range", "bytes 3-6/10"}}, .body = "3456"});
  EXPECT_EQ(Fails(read), ErrorKind::kCorrupt);
  AnswerFirst({.status = 200, .body = "0123456789"});
  EXPECT_EQ(Fails(read), ErrorKind::kCorrupt);
  read();
  EXPECT_EQ(to, "2345");
}

TEST_F(S3StoreTest, NobodyThere) {
  const auto begun = steady_clock::now();
  S3Store store = Open({.endpoint = "http://127.0.0.1:1"});
  EXPECT_EQ(Fails([&] { store.Get("a"); }), ErrorKind::kUnavailable);
  EXPECT_THAT(message_, HasSubstr("http://127.0.0.1:1"));
  S3Store nameless = Open({.endpoint = "http://s3.nowhere.invalid"});
  EXPECT_EQ(Fails([&] { nameless.Get("a"); }), ErrorKind::kUnavailable);
  EXPECT_LT(steady_clock::now() - begun, std::chrono::seconds(20));
}

TEST_F(S3StoreTest, SilenceEndsInTime) {
  S3Store store = Open();
  server_.fault = [](const Request&) { return Fault::kSilent; };
  const auto begun = steady_clock::now();
  EXPECT_EQ(Fails([&] { store.Get("a"); }), ErrorKind::kTimeout);
  EXPECT_LT(steady_clock::now() - begun, std::chrono::seconds(10));
}

TEST_F(S3StoreTest, InterruptedAtOnce) {
  S3Store store = Open();
  server_.fault = [](const Request&) { return Fault::kSilent; };
  auto failed =
      std::async(std::launch::async, [&] { return Fails([&] { store.Get("a"); }); });
  const auto begun = steady_clock::now();
  while (server_.log().empty()) std::this_thread::yield();
  InterruptRequests();
  EXPECT_EQ(failed.get(), ErrorKind::kCancelled);
  EXPECT_LT(steady_clock::now() - begun, std::chrono::milliseconds(2500));
  server_.fault = [](const Request&) { return Fault::kNone; };
  store.Put("a", "what begins afterwards runs");
}

TEST_F(S3StoreTest, CountsByKind) {
  S3Store store = Open();
  store.Put("a", "12345");
  store.Publish(Stage(&store, "data/t/run-0", 3));
  store.Get("a");
  store.Head("a");
  store.List("");
  store.DeleteAll(std::vector<std::string>{"a", "data/t/run-0"});
  const StoreStatistics counted = store.statistics();
  EXPECT_EQ(counted.puts, 1);
  EXPECT_EQ(counted.uploads, 1);
  EXPECT_EQ(counted.parts, 1);
  EXPECT_EQ(counted.publishes, 1);
  EXPECT_EQ(counted.gets, 1);
  EXPECT_EQ(counted.heads, 1);
  EXPECT_EQ(counted.lists, 1);
  EXPECT_EQ(counted.deletes, 1);
  EXPECT_EQ(counted.retries, 0);
  EXPECT_GE(counted.bytes_written, 8);
  EXPECT_THAT(server_.log(), Contains("POST lake/data/t/run-0"));
}

}  // namespace
}  // namespace shoestring
