#include "api/lambda_function.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/write.hpp>

#include <cstdlib>
#include <thread>
#include <vector>

#include "base/error.h"

namespace shoestring {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;

using namespace std::chrono_literals;
using std::chrono::milliseconds;
using std::chrono::system_clock;
using testing::AllOf;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::SizeIs;
using testing::StartsWith;

constexpr const char* kEvent = R"({"rawPath": "/t", "rawQueryString": "a=1",)"
                               R"( "requestContext": {"http": {"method": "GET"}}})";

/// Lambda's side: one event after the other is handed out, and what is posted is kept.
class TestRuntime {
 public:
  struct Event {
    std::string text = kEvent;
    std::string trace;
    milliseconds time = 30s;
  };

  std::vector<Event> events;
  bool drops = false;  ///< Each connection ends after one answer, without saying so.
  int status = 202;    ///< Said to what is posted.
  std::vector<std::string> posted;  ///< "PATH BODY".

  explicit TestRuntime(std::vector<Event> handed_out) : events(std::move(handed_out)) {
    address = "127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port());
    thread_ = std::thread([this] { Serve(); });
  }
  /// After all that was to happen: its members are then another thread's no more.
  void Join() {
    if (!thread_.joinable()) return;
    asio::io_context io;
    asio::ip::tcp::socket last(io);
    ending_ = true;
    last.connect(acceptor_.local_endpoint());
    thread_.join();
  }
  ~TestRuntime() { Join(); }
  TestRuntime(const TestRuntime&) = delete;
  TestRuntime& operator=(const TestRuntime&) = delete;

  std::string address;

 private:
  using Request = http::request<http::string_body>;
  using Response = http::response<http::string_body>;

  void Serve() {
    while (true) {
      asio::ip::tcp::socket socket = acceptor_.accept();
      if (ending_) return;
      Converse(&socket);
    }
  }

  void Converse(asio::ip::tcp::socket* socket) {
    boost::system::error_code error;
    boost::beast::flat_buffer buffer;
    do {
      http::request_parser<http::string_body> parser;
      parser.body_limit(boost::none);
      http::read(*socket, buffer, parser, error);
      if (error) return;
      http::write(*socket, Answer(parser.get()), error);
    } while (!error && !drops && posted.size() < events.size());
  }

  Response Answer(const Request& request) {
    Response response{http::status::ok, 11};
    const std::string target(request.target());
    if (target.ends_with("/next")) {
      const Event event = events.at(handed_++);
      const auto deadline = (system_clock::now() + event.time).time_since_epoch();
      response.set("Lambda-Runtime-Aws-Request-Id", "id" + std::to_string(handed_));
      response.set(
          "Lambda-Runtime-Deadline-Ms",
          std::to_string(std::chrono::duration_cast<milliseconds>(deadline).count()));
      if (!event.trace.empty()) response.set("Lambda-Runtime-Trace-Id", event.trace);
      response.body() = event.text;
    } else {
      posted.push_back(target + " " + request.body());
      response.result(static_cast<unsigned>(status));
    }
    response.prepare_payload();
    return response;
  }

  asio::io_context io_;
  asio::ip::tcp::acceptor acceptor_{io_, {asio::ip::address_v4::loopback(), /*port=*/0}};
  size_t handed_ = 0;
  std::atomic<bool> ending_ = false;
  std::thread thread_;
};

/// Says what it was asked, and how much time it was given.
struct Handler {
  std::vector<milliseconds> times;
  std::vector<std::string> traces;
  std::vector<RequestRecord> records;
  int looks = 0;
  std::string text = "[]";

  LambdaFunction::Calls Calls() {
    return {[this](const ApiRequest& request, std::stop_token, milliseconds time) {
              times.push_back(time);
              const char* trace = std::getenv("_X_AMZN_TRACE_ID");
              traces.emplace_back(trace == nullptr ? "" : trace);
              ServedResponse served;
              served.role = "anon";
              served.response.body = TextBody(text);
              return served;
            },
            [this] { ++looks; },
            [this](const RequestRecord& record) { records.push_back(record); }};
  }
};

/// Answers as many events as Lambda has.
void ServeAll(TestRuntime* lambda, Handler* handler, const LambdaOptions& options = {}) {
  LambdaRuntime runtime(lambda->address);
  LambdaFunction function(&runtime, handler->Calls(), options);
  for (size_t i = 0; i < lambda->events.size(); ++i) function.ServeOne();
  lambda->Join();
}

ErrorKind KindOf(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.kind();
  }
  return ErrorKind::kInternal;
}

TEST(LambdaFunction, AnswersOneEventAfterTheOther) {
  TestRuntime lambda({{.trace = "Root=1"}, {}});
  Handler handler;
  ServeAll(&lambda, &handler);
  ASSERT_THAT(lambda.posted, SizeIs(2));
  EXPECT_THAT(lambda.posted[0],
              AllOf(StartsWith("/2018-06-01/runtime/invocation/id1/response {"),
                    HasSubstr(R"("body":"[]")"), HasSubstr(R"("X-Request-Id":"id1")")));
  EXPECT_THAT(handler.traces, ElementsAre("Root=1", ""));
  ASSERT_THAT(handler.records, SizeIs(2));
  EXPECT_EQ(handler.records[0].path, "/t");
  EXPECT_EQ(handler.records[0].bytes, 2);
  EXPECT_EQ(handler.looks, 0);
}

TEST(LambdaFunction, ItsTimeEndsBeforeLambdas) {
  TestRuntime lambda({{.time = 10s}, {.time = -1s}});
  Handler handler;
  ServeAll(&lambda, &handler, {.refresh = 0ms});
  EXPECT_LT(handler.times.at(0), 10s);
  EXPECT_GT(handler.times.at(0), 5s);
  EXPECT_EQ(handler.times.at(1), 1ms);
  EXPECT_EQ(handler.looks, 2);
}

TEST(LambdaFunction, AnEventThatIsNoRequestIsAnError) {
  TestRuntime lambda({{.text = R"({"Records": []})"}, {}});
  Handler handler;
  ServeAll(&lambda, &handler);
  ASSERT_THAT(lambda.posted, SizeIs(2));
  EXPECT_THAT(lambda.posted[0],
              AllOf(StartsWith("/2018-06-01/runtime/invocation/id1/error {"),
                    HasSubstr(R"("errorType":"Shoestring.corrupt")")));
  EXPECT_THAT(handler.records, SizeIs(1));
}

TEST(LambdaFunction, AStreamHasItsHeadBeforeIt) {
  TestRuntime lambda({TestRuntime::Event()});
  Handler handler;
  handler.text = std::string(7 << 20, 'x');
  ServeAll(&lambda, &handler, {.stream = true});
  ASSERT_THAT(lambda.posted, SizeIs(1));
  EXPECT_THAT(lambda.posted[0], HasSubstr(std::string(8, '\0') + "xxx"));
  EXPECT_THAT(lambda.posted[0], EndsWith(handler.text));
}

TEST(LambdaFunction, WhatIsTooLargeIsRefusedWithAReason) {
  TestRuntime lambda({TestRuntime::Event()});
  Handler handler;
  handler.text = std::string((6 << 20) - 10, 'x');
  ServeAll(&lambda, &handler);
  EXPECT_THAT(lambda.posted.at(0), HasSubstr(R"("statusCode":413)"));
  EXPECT_EQ(handler.records.at(0).status, 413);
}

TEST(LambdaFunction, GoesOnWhenAnAnswerIsNotTaken) {
  TestRuntime lambda({{}, {}});
  lambda.status = 403;
  Handler handler;
  ServeAll(&lambda, &handler);
  EXPECT_THAT(lambda.posted, SizeIs(2));
  EXPECT_EQ(handler.records.at(0).outcome, Outcome::kClientGone);
}

TEST(LambdaFunction, EndsWhenLambdaSaysSo) {
  TestRuntime lambda({TestRuntime::Event()});
  lambda.status = 500;
  LambdaRuntime runtime(lambda.address);
  Handler handler;
  LambdaFunction function(&runtime, handler.Calls(), {});
  EXPECT_EQ(KindOf([&] { function.ServeOne(); }), ErrorKind::kUnavailable);
}

TEST(LambdaRuntime, TakesAnotherConnectionWhenOneHasEnded) {
  TestRuntime lambda({{}, {}});
  lambda.drops = true;
  Handler handler;
  ServeAll(&lambda, &handler);
  EXPECT_THAT(lambda.posted, SizeIs(2));
}

TEST(LambdaRuntime, AnAddressThatIsNoneIsRefused) {
  EXPECT_EQ(KindOf([] { LambdaRuntime runtime("nowhere"); }),
            ErrorKind::kInvalidArgument);
}

TEST(LambdaRuntime, NobodyThereEndsIt) {
  LambdaRuntime runtime("127.0.0.1:1");
  EXPECT_EQ(KindOf([&] { runtime.Next(); }), ErrorKind::kUnavailable);
}

}  // namespace
}  // namespace shoestring
