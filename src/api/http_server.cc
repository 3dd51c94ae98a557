#include "api/http_server.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <charconv>
#include <csignal>
#include <thread>

#include "base/error.h"

namespace shoestring {

namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using Code = boost::system::error_code;

constexpr std::chrono::milliseconds kAcceptPause{100};

tcp::endpoint ParseEndpoint(const std::string& listen) {
  const size_t colon = listen.rfind(':');
  std::string host = listen.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']'))
    host = host.substr(1, host.size() - 2);
  const std::string digits = colon == std::string::npos ? "" : listen.substr(colon + 1);
  uint16_t port = 0;
  const auto* end = digits.data() + digits.size();
  const auto [last, wrong] = std::from_chars(digits.data(), end, port);
  Code error;
  const auto address =
      asio::ip::make_address(host == "localhost" ? "127.0.0.1" : host, error);
  if (error || digits.empty() || wrong != std::errc() || last != end) {
    throw Fail(
        ErrorKind::kInvalidArgument,
        "An address to listen on is IP:PORT, such as 127.0.0.1:8080 or [::1]:8080, "
        "not: {}",
        listen);
  }
  return {address, port};
}

int WorkersOf(const ServerLimits& limits) {
  if (limits.workers > 0) return limits.workers;
  return static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
}

}  // namespace

HttpServer::HttpServer(const std::string& listen, const ServerLimits& limits,
                       RequestHandler handler, InstantHandler instant,
                       ServerObserver* observer)
    : limits_(limits),
      handler_(std::move(handler)),
      instant_(std::move(instant)),
      observer_(observer),
      workers_(WorkersOf(limits)),
      pool_(static_cast<size_t>(workers_)) {
  const tcp::endpoint endpoint = ParseEndpoint(listen);
  try {
    acceptor_.open(endpoint.protocol());
    acceptor_.set_option(tcp::acceptor::reuse_address(true));
    acceptor_.bind(endpoint);
    acceptor_.listen();
  } catch (const boost::system::system_error& error) {
    throw Fail(ErrorKind::kUnavailable, "Cannot listen on {}: {}", listen,
               error.code().message());
  }
}

HttpServer::~HttpServer() { pool_.join(); }

std::string HttpServer::address() const {
  const tcp::endpoint endpoint = acceptor_.local_endpoint();
  const std::string host = endpoint.address().to_string();
  return fmt::format("{}:{}", endpoint.address().is_v6() ? "[" + host + "]" : host,
                     endpoint.port());
}

void HttpServer::Run() {
  AwaitSignals();
  Accept();
  io_.run();
}

// ---- Connections

void HttpServer::Accept() {
  acceptor_.async_accept([this](const Code& error, tcp::socket socket) {
    if (stopping_) return;
    if (!error) {
      OnAccepted(std::move(socket));
      return Accept();
    }
    // Such as too many open files: what is open goes on, and will end.
    CloseOneIdle();
    pause_.expires_after(kAcceptPause);
    pause_.async_wait([this](const Code& cancelled) {
      if (!cancelled && !stopping_) Accept();
    });
  });
}

void HttpServer::OnAccepted(tcp::socket socket) {
  const bool full = sessions_.size() >= static_cast<size_t>(limits_.connections);
  if (full && !CloseOneIdle()) return;  // The socket closes.
  auto session =
      std::make_shared<HttpSession>(std::move(socket), static_cast<SessionHost*>(this));
  sessions_[session.get()] = session;
  observer_->OnConnections(sessions_.size());
  session->Start();
}

bool HttpServer::CloseOneIdle() {
  HttpSession* oldest = nullptr;
  for (const auto& [session, owner] : sessions_) {
    const auto since = session->idle_since();
    if (since && (oldest == nullptr || *since < *oldest->idle_since())) oldest = session;
  }
  if (oldest == nullptr) return false;
  const auto kept = sessions_.at(oldest);
  kept->Close();
  return true;
}

void HttpServer::OnClosed(HttpSession* session) {
  sessions_.erase(session);
  observer_->OnConnections(sessions_.size());
  if (stopping_ && sessions_.empty()) pause_.cancel();
}

// ---- Requests

bool HttpServer::HasRoom() const { return at_work_ < workers_ + limits_.waiting; }

std::optional<ServedResponse> HttpServer::AnswerAtOnce(const ApiRequest& request) {
  return instant_(request);
}

void HttpServer::Work(std::shared_ptr<HttpExchange> exchange,
                      std::function<void()> done) {
  observer_->OnWaiting(static_cast<size_t>(++at_work_));
  asio::post(pool_, [this, exchange = std::move(exchange), done = std::move(done),
                     alive = asio::make_work_guard(io_)]() mutable {
    exchange->Work(handler_, limits_.query_time, limits_.buffer_bytes);
    exchange.reset();
    asio::post(io_, [this, done = std::move(done)] {
      observer_->OnWaiting(static_cast<size_t>(--at_work_));
      done();
    });
  });
}

// Ending a query can take a moment, which is not the connections'.
void HttpServer::Retire(std::shared_ptr<HttpExchange> exchange) {
  asio::post(pool_, [exchange = std::move(exchange)] {});
}

// ---- The end

void HttpServer::AwaitSignals() {
  signals_.add(SIGTERM);
  signals_.add(SIGINT);
  signals_.async_wait([this](const Code& error, int) {
    if (error) return;
    const bool first = !stopping_;
    BeginStop();
    if (first) AwaitSignals();
  });
}

void HttpServer::Stop() {
  asio::post(io_, [this] { BeginStop(); });
}

void HttpServer::BeginStop() {
  if (stopping_.exchange(true)) return CloseAll();
  Code ignored;
  acceptor_.close(ignored);
  auto sessions = sessions_;
  for (const auto& [session, owner] : sessions) owner->EndWhenIdle();
  pause_.expires_after(sessions_.empty() ? std::chrono::milliseconds(0) : limits_.grace);
  pause_.async_wait([this](const Code&) { CloseAll(); });
}

void HttpServer::CloseAll() {
  auto sessions = sessions_;
  for (const auto& [session, owner] : sessions) owner->Close();
  pause_.cancel();
  signals_.cancel();
}

}  // namespace shoestring
