#include "api/http_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <latch>
#include <mutex>
#include <thread>

#include "api/test_client.h"
#include "base/error.h"

namespace shoestring {
namespace {

using namespace std::chrono_literals;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

/// Pieces of 64 KB, so many; then, if it is to, an error.
class LongBody : public ApiBody {
 public:
  LongBody(int pieces, bool fails) : left_(pieces), fails_(fails) {}
  std::optional<std::string> Next() override {
    if (left_-- > 0) return std::string(64 << 10, 'x');
    if (fails_) throw Error(ErrorKind::kCorrupt, "a damaged file");
    return std::nullopt;
  }

 private:
  int left_;
  const bool fails_;
};

/// A server whose answers depend on the path, and what it has told.
class Server : public ServerObserver {
 public:
  explicit Server(ServerLimits limits = {}) {
    if (limits.workers == 0) limits.workers = 2;
    server_ = std::make_unique<HttpServer>(
        "127.0.0.1:0", limits,
        [this](const ApiRequest& request, std::stop_token cancel,
               std::chrono::milliseconds) { return Handle(request, std::move(cancel)); },
        [](const ApiRequest& request) { return AtOnce(request); }, this);
    address_ = server_->address();
    thread_ = std::thread([this] { server_->Run(); });
  }
  ~Server() override {
    server_->Stop();
    server_->Stop();
    thread_.join();
  }

  TestClient Connect() const { return TestClient(address_); }
  std::string Ask(const std::string& request) const {
    TestClient client = Connect();
    client.Send(request);
    return client.ReadAll();
  }
  void Stop() { server_->Stop(); }
  void Join() {
    if (thread_.joinable()) thread_.join();
    thread_ = std::thread([] {});
  }

  /// Waits until so many requests are over.
  std::vector<RequestRecord> Records(size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, 10s, [&] { return records_.size() >= count; });
    return records_;
  }

  std::latch entered{1};  ///< By "/wait".
  std::atomic<bool> cancelled = false;

 private:
  static std::optional<ServedResponse> AtOnce(const ApiRequest& request) {
    if (request.path != "/healthz") return std::nullopt;
    ServedResponse served;
    served.response.body = TextBody("ok");
    return served;
  }

  ServedResponse Handle(const ApiRequest& request, std::stop_token cancel) {
    ServedResponse served{{}, "anon"};
    ApiResponse& response = served.response;
    if (request.path == "/wait") {
      std::promise<void> stopped;
      const std::stop_callback callback(cancel, [&] { stopped.set_value(); });
      entered.count_down();
      stopped.get_future().wait();
      cancelled = true;
    } else if (request.path == "/nap") {
      entered.count_down();
      std::this_thread::sleep_for(300ms);
      response.body = TextBody("rested");
    } else if (request.path == "/long") {
      response.body = std::make_unique<LongBody>(400, false);
    } else if (request.path == "/fails") {
      response.body = std::make_unique<LongBody>(400, true);
    } else if (request.path == "/fails-early") {
      response.body = std::make_unique<LongBody>(1, true);
    } else if (request.path == "/split") {
      response.headers = {{"X-Evil", "a\r\nSet-Cookie: b"}};
      response.body = TextBody("");
    } else {
      response.body = TextBody(request.method + " " + request.path + "?" + request.query +
                               " " + request.body);
    }
    if (request.method == "HEAD") response.body = nullptr;
    return served;
  }

  void OnRequest(const RequestRecord& record) override {
    const std::lock_guard lock(mutex_);
    records_.push_back(record);
    changed_.notify_all();
  }
  void OnConnections(size_t) override {}
  void OnWaiting(size_t) override {}

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<RequestRecord> records_;
  std::unique_ptr<HttpServer> server_;
  std::string address_;
  std::thread thread_;
};

constexpr const char* kClose = " HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";

TEST(HttpServer, AnswersAndCloses) {
  Server server;
  const std::string answer = server.Ask(std::string("GET /a?b=1&c=%20") + kClose);
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(answer, HasSubstr("Content-Length: 17\r\n"));
  EXPECT_THAT(answer, HasSubstr("Connection: close\r\n"));
  EXPECT_THAT(answer, EndsWith("\r\n\r\nGET /a?b=1&c=%20 "));
  const auto records = server.Records(1);
  EXPECT_EQ(records.at(0).path, "/a");
  EXPECT_EQ(records.at(0).role, "anon");
  EXPECT_EQ(records.at(0).client, "127.0.0.1");
  EXPECT_EQ(records.at(0).outcome, Outcome::kComplete);
}

TEST(HttpServer, PipelinedRequestsAreAnsweredInTurn) {
  Server server;
  TestClient client = server.Connect();
  client.Send(
      "GET /nap HTTP/1.1\r\nHost: h\r\n\r\nPOST /b HTTP/1.1\r\nHost: h\r\n"
      "Content-Length: 3\r\n\r\nxyzHEAD /c HTTP/1.1\r\nHost: h\r\n\r\n");
  client.Send(std::string("GET /d") + kClose);
  const std::string answers = client.ReadAll();
  const size_t first = answers.find("rested");
  const size_t second = answers.find("POST /b? xyz");
  const size_t last = answers.find("GET /d?");
  EXPECT_LT(first, second);
  EXPECT_LT(second, last);
  EXPECT_THAT(answers, Not(HasSubstr("HEAD /c")));
}

TEST(HttpServer, AConnectionIsUsedAgain) {
  Server server;
  TestClient client = server.Connect();
  for (int i = 0; i < 50; ++i) {
    client.Send("GET /again HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_THAT(client.ReadUntil("GET /again? "), HasSubstr("keep-alive"));
  }
  client.Send("GET /old HTTP/1.0\r\n\r\n");
  EXPECT_THAT(client.ReadAll(), HasSubstr("Connection: close"));
}

TEST(HttpServer, ALongAnswerComesInChunksAndWhole) {
  Server server;
  const std::string answer = server.Ask(std::string("GET /long") + kClose);
  EXPECT_THAT(answer.substr(0, 500), HasSubstr("Transfer-Encoding: chunked\r\n"));
  EXPECT_THAT(answer.substr(answer.size() - 10), EndsWith("\r\n0\r\n\r\n"));
  EXPECT_GT(answer.size(), size_t{400} * (64 << 10));
  // HTTP/1.0 has no chunks: the end of the connection is the end of the answer.
  const std::string old = server.Ask("GET /long HTTP/1.0\r\n\r\n");
  const size_t head = old.find("\r\n\r\n") + 4;
  EXPECT_EQ(old.size() - head, size_t{400} * (64 << 10));
}

TEST(HttpServer, AnAnswerThatFailsHalfWayDoesNotLookWhole) {
  Server server;
  TestClient client = server.Connect();
  client.Send("GET /fails HTTP/1.1\r\nHost: h\r\n\r\n");
  const std::string answer = client.ReadAll();
  EXPECT_THAT(answer.substr(answer.size() - 10), Not(EndsWith("0\r\n\r\n")));
  EXPECT_EQ(server.Records(1).at(0).outcome, Outcome::kCut);
  TestClient old = server.Connect();
  old.Send("GET /fails HTTP/1.0\r\n\r\n");
  (void)old.ReadAll();
  EXPECT_TRUE(old.reset());
  // Before anything was sent, it is an answer like another.
  const std::string early = server.Ask(std::string("GET /fails-early") + kClose);
  EXPECT_THAT(early, StartsWith("HTTP/1.1 500 "));
  EXPECT_THAT(early, HasSubstr("XX000"));
}

TEST(HttpServer, AClientThatLeavesCancelsItsQuery) {
  Server server;
  TestClient client = server.Connect();
  client.Send("GET /wait HTTP/1.1\r\nHost: h\r\n\r\n");
  server.entered.wait();
  client.Close();
  EXPECT_EQ(server.Records(1).at(0).outcome, Outcome::kClientGone);
  EXPECT_TRUE(server.cancelled);
}

TEST(HttpServer, SlowReadersHoldNoWorker) {
  ServerLimits limits;
  limits.workers = 1;
  limits.buffer_bytes = 256 << 10;
  Server server(limits);
  std::vector<TestClient> slow;
  for (int i = 0; i < 4; ++i) {
    slow.push_back(server.Connect());
    slow.back().Send("GET /long HTTP/1.1\r\nHost: h\r\n\r\n");
  }
  EXPECT_THAT(server.Ask(std::string("GET /quick") + kClose), HasSubstr("GET /quick?"));
  EXPECT_EQ(server.Records(1).at(0).path, "/quick");
}

TEST(HttpServer, WhoDoesNotReadIsCutOffInTime) {
  ServerLimits limits;
  limits.write_time = 50ms;
  limits.buffer_bytes = 8 << 10;  // Sockets hold some megabytes.
  Server server(limits);
  TestClient client = server.Connect();
  client.Send("GET /long HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(server.Records(1).at(0).outcome, Outcome::kClientGone);
}

TEST(HttpServer, SlowHeadersAreCutOffInTime) {
  ServerLimits limits;
  limits.header_time = 100ms;
  Server server(limits);
  TestClient silent = server.Connect();
  EXPECT_EQ(silent.ReadAll(), "");
  TestClient slow = server.Connect();
  slow.Send("GET / HTTP/1.1\r\nX-");
  EXPECT_EQ(slow.ReadAll(), "");
  EXPECT_THAT(server.Ask(std::string("GET /quick") + kClose), HasSubstr("GET /quick?"));
}

TEST(HttpServer, WhatIsTooLongOrNoHttpIsRefused) {
  ServerLimits limits;
  limits.url_bytes = 1000;
  limits.header_bytes = 4000;
  limits.body_bytes = 100;
  Server server(limits);
  const auto status = [&](const std::string& request) {
    return server.Ask(request).substr(0, 12);
  };
  const std::string long_url = "GET /" + std::string(1000, 'a') + kClose;
  EXPECT_EQ(status(long_url), "HTTP/1.1 414");
  EXPECT_EQ(status("GET / HTTP/1.1\r\nX: " + std::string(5000, 'a') + "\r\n\r\n"),
            "HTTP/1.1 431");
  EXPECT_EQ(status("POST / HTTP/1.1\r\nContent-Length: 101\r\n\r\n"), "HTTP/1.1 413");
  EXPECT_EQ(status("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n80\r\n" +
                   std::string(128, 'a') + "\r\n0\r\n\r\n"),
            "HTTP/1.1 413");
  for (const char* bad :
       {"nonsense\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "GET  / HTTP/1.1\r\n\r\n",
        "POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        "POST / HTTP/1.1\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
        "POST / HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\nabc",
        "GET / HTTP/1.1\r\nA b: c\r\n\r\n"}) {
    EXPECT_EQ(status(bad), "HTTP/1.1 400") << bad;
  }
  for (const char* framing : {"xchunked", "gzip", "chunked, gzip", "identity"}) {
    EXPECT_EQ(status(fmt::format("POST / HTTP/1.1\r\nTransfer-Encoding: {}\r\n\r\n"
                                 "GET /quick{}",
                                 framing, kClose)),
              "HTTP/1.1 501")
        << framing;
  }
  EXPECT_EQ(status(std::string("GET /quick") + kClose), "HTTP/1.1 200");
}

TEST(HttpServer, ABodyIsAskedForWhereTheClientWaits) {
  Server server;
  TestClient client = server.Connect();
  client.Send(
      "POST /b HTTP/1.1\r\nContent-Length: 3\r\nExpect: 100-continue\r\n"
      "Connection: close\r\n\r\n");
  EXPECT_EQ(client.ReadUntil("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  client.Send("abc");
  EXPECT_THAT(client.ReadAll(), EndsWith("POST /b? abc"));
}

TEST(HttpServer, MoreRequestsThanItCanHoldAreSentAway) {
  ServerLimits limits;
  limits.workers = 1;
  limits.waiting = 0;
  Server server(limits);
  TestClient busy = server.Connect();
  busy.Send("GET /wait HTTP/1.1\r\nHost: h\r\n\r\n");
  server.entered.wait();
  const std::string refused = server.Ask(std::string("GET /quick") + kClose);
  EXPECT_THAT(refused, StartsWith("HTTP/1.1 503 "));
  EXPECT_THAT(refused, HasSubstr("Retry-After: 1\r\n"));
  EXPECT_THAT(server.Ask(std::string("GET /healthz") + kClose), EndsWith("ok"));
  busy.Close();
}

TEST(HttpServer, ANewConnectionTakesTheIdlestOnesPlace) {
  ServerLimits limits;
  limits.connections = 2;
  Server server(limits);
  TestClient first = server.Connect();
  first.Send("GET /1 HTTP/1.1\r\nHost: h\r\n\r\n");
  (void)first.ReadUntil("GET /1? ");
  TestClient second = server.Connect();
  second.Send("GET /2 HTTP/1.1\r\nHost: h\r\n\r\n");
  (void)second.ReadUntil("GET /2?");
  EXPECT_THAT(server.Ask(std::string("GET /3") + kClose), HasSubstr("GET /3?"));
  EXPECT_EQ(first.ReadAll(), "");
}

TEST(HttpServer, StoppingFinishesWhatIsUnderWay) {
  Server server;
  TestClient idle = server.Connect();
  idle.Send("GET /1 HTTP/1.1\r\nHost: h\r\n\r\n");
  (void)idle.ReadUntil("GET /1? ");
  TestClient busy = server.Connect();
  busy.Send("GET /nap HTTP/1.1\r\nHost: h\r\n\r\n");
  server.entered.wait();
  server.Stop();
  EXPECT_EQ(idle.ReadAll(), "");
  const std::string answer = busy.ReadAll();
  EXPECT_THAT(answer, HasSubstr("Connection: close"));
  EXPECT_THAT(answer, EndsWith("rested"));
  server.Join();
}

TEST(HttpServer, StoppingCancelsWhatOutlivesTheGrace) {
  ServerLimits limits;
  limits.grace = 50ms;
  Server server(limits);
  TestClient busy = server.Connect();
  busy.Send("GET /wait HTTP/1.1\r\nHost: h\r\n\r\n");
  server.entered.wait();
  server.Stop();
  EXPECT_EQ(busy.ReadAll(), "");
  server.Join();
  EXPECT_TRUE(server.cancelled);
}

TEST(HttpServer, AHeaderStaysOneLine) {
  Server server;
  const std::string answer = server.Ask(std::string("GET /split") + kClose);
  EXPECT_THAT(answer, HasSubstr("X-Evil: aSet-Cookie: b\r\n"));
}

TEST(HttpServer, AnAddressIsAnIpAndAPort) {
  const auto open = [](const std::string& listen) {
    const HttpServer server(listen, {}, {}, {}, nullptr);
    return server.address();
  };
  EXPECT_THAT(open("127.0.0.1:0"), StartsWith("127.0.0.1:"));
  EXPECT_THAT(open("localhost:0"), StartsWith("127.0.0.1:"));
  for (const char* wrong : {"", "8080", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536",
                            "127.0.0.1:80x", "example.com:80", "::1:80:"}) {
    EXPECT_THROW(open(wrong), Error) << wrong;
  }
}

}  // namespace
}  // namespace shoestring
