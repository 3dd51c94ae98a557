#include "api/http_session.h"

#include <fmt/format.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/rfc7230.hpp>
#include <random>

namespace shoestring {

namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;

constexpr size_t kReadBytes = 8 << 10;
constexpr size_t kReadAhead = 64 << 10;  ///< Of requests that come before their turn.
constexpr int64_t kSlowestBytesPerSecond = 16 << 10;
constexpr std::chrono::seconds kLinger{2};
constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

enum Status {
  kBadRequest = 400,
  kTooLarge = 413,
  kUriTooLong = 414,
  kHeadersTooLarge = 431,
  kNotImplemented = 501
};

std::string NewRequestId() {
  thread_local std::mt19937_64 random{std::random_device{}()};
  return fmt::format("{:016x}", random());
}

ApiError Overloaded() {
  constexpr int kUnavailable = 503;
  return ApiError(kUnavailable, "PGRST003", "Too many requests wait already")
      .WithHeader("Retry-After", "1");
}

}  // namespace

HttpSession::HttpSession(asio::ip::tcp::socket socket, SessionHost* host)
    : socket_(std::move(socket)),
      host_(host),
      deadline_(socket_.get_executor()),
      buffer_(host->limits().header_bytes + kReadAhead) {
  Code ignored;
  socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
  const auto peer = socket_.remote_endpoint(ignored);
  if (!ignored) client_ = peer.address().to_string();
}

// ---- Reading

void HttpSession::WaitForRequest() {
  exchange_.reset();
  if (host_->stopping()) return Close();
  if (buffer_.size() > 0) return ReadHeader();
  idle_since_ = Clock::now();
  Allow(served_one_ ? host_->limits().idle_time : host_->limits().header_time);
  socket_.async_read_some(buffer_.prepare(kReadBytes),
                          [self = shared_from_this()](const Code& error, size_t bytes) {
                            self->idle_since_.reset();
                            self->buffer_.commit(bytes);
                            if (self->closed_) return;
                            if (error) return self->Close();
                            self->ReadHeader();
                          });
}

void HttpSession::ReadHeader() {
  parser_.emplace();
  parser_->header_limit(static_cast<uint32_t>(host_->limits().header_bytes));
  parser_->body_limit(host_->limits().body_bytes);
  Allow(host_->limits().header_time);
  http::async_read_header(socket_, buffer_, *parser_,
                          [self = shared_from_this()](const Code& error, size_t) {
                            if (!self->closed_) self->OnHeader(error);
                          });
}

void HttpSession::OnHeader(const Code& error) {
  if (error) return RefuseUnreadable(error);
  if (parser_->get().target().size() > host_->limits().url_bytes) {
    return Refuse(kUriTooLong, "The URL is too long");
  }
  // Beast takes any other for none: the body would be read as the next request.
  const bool framed = parser_->get().has_content_length() || parser_->chunked() ||
                      parser_->get().count(http::field::transfer_encoding) == 0;
  if (!framed) {
    return Refuse(kNotImplemented, "The only Transfer-Encoding is chunked");
  }
  Allow(host_->limits().body_time);
  const bool asks =
      boost::beast::iequals(parser_->get()[http::field::expect], "100-continue");
  if (asks && !parser_->is_done()) return SendContinue();
  ReadBody();
}

void HttpSession::SendContinue() {
  asio::async_write(socket_, asio::buffer(kContinue.data(), kContinue.size()),
                    [self = shared_from_this()](const Code& error, size_t) {
                      if (self->closed_) return;
                      if (error) return self->Close();
                      self->ReadBody();
                    });
}

void HttpSession::ReadBody() {
  if (parser_->is_done()) return OnBody({});
  http::async_read(socket_, buffer_, *parser_,
                   [self = shared_from_this()](const Code& error, size_t) {
                     if (!self->closed_) self->OnBody(error);
                   });
}

void HttpSession::OnBody(const Code& error) {
  if (error) return RefuseUnreadable(error);
  OnRequest();
}

void HttpSession::RefuseUnreadable(const Code& error) {
  if (error == http::error::header_limit || error == http::error::buffer_overflow) {
    return Refuse(kHeadersTooLarge, "The headers are too long");
  }
  if (error == http::error::body_limit) return Refuse(kTooLarge, "The body is too long");
  const bool left =
      error == http::error::end_of_stream || error == http::error::partial_message ||
      error.category() != http::make_error_code(http::error::bad_method).category();
  if (left) return Close();
  Refuse(kBadRequest, "The request is not as HTTP has it: " + error.message());
}

// ---- Answering

std::shared_ptr<HttpExchange> HttpSession::NewExchange(bool keep_alive) {
  BeastRequest request = parser_->release();
  RequestRecord record;
  record.id = NewRequestId();
  record.client = client_;
  constexpr unsigned kHttp11 = 11;
  const bool http11 = request.version() >= kHttp11;
  return std::make_shared<HttpExchange>(ToApiRequest(&request), std::move(record), http11,
                                        keep_alive);
}

void HttpSession::OnRequest() {
  deadline_.cancel();
  served_one_ = true;
  exchange_ = NewExchange(parser_->keep_alive());
  if (host_->stopping()) exchange_->DropConnection();
  Watch();
  if (auto answer = host_->AnswerAtOnce(exchange_->request())) {
    exchange_->Answer(*std::move(answer));
  } else if (!host_->HasRoom()) {
    exchange_->Answer({ErrorResponse(Overloaded(), exchange_->request().method), ""});
  } else {
    return Work();
  }
  exchange_->Work({}, {}, host_->limits().buffer_bytes);
  Write();
}

void HttpSession::Refuse(int status, const std::string& message) {
  exchange_ = NewExchange(/*keep_alive=*/false);
  const ApiError error(status, "PGRST100", message);
  exchange_->Answer({ErrorResponse(error, exchange_->request().method), ""});
  exchange_->Work({}, {}, host_->limits().buffer_bytes);
  Write();
}

void HttpSession::Work() {
  deadline_.cancel();
  working_ = true;
  host_->Work(exchange_, [self = shared_from_this()] { self->OnWorked(); });
}

void HttpSession::OnWorked() {
  working_ = false;
  if (closed_) return End(Outcome::kClientGone);
  if (host_->stopping()) exchange_->DropConnection();
  Write();
}

void HttpSession::Write() {
  output_ = exchange_->Take();
  const auto size = static_cast<int64_t>(output_.size());
  Allow(host_->limits().write_time + std::chrono::seconds(size / kSlowestBytesPerSecond));
  asio::async_write(socket_, asio::buffer(output_),
                    [self = shared_from_this()](const Code& error, size_t) {
                      if (!self->closed_) self->OnWritten(error);
                    });
}

void HttpSession::OnWritten(const Code& error) {
  if (error) return Cut(Outcome::kClientGone);
  if (exchange_->failed()) return Cut(Outcome::kCut);
  if (!exchange_->finished()) return Work();
  Finish();
}

void HttpSession::Finish() {
  const bool stays = exchange_->keep_alive() && !host_->stopping();
  End(Outcome::kComplete);
  if (!stays) return Linger();
  if (!watching_) return WaitForRequest();
  next_ = true;
  Code ignored;
  socket_.cancel(ignored);
}

void HttpSession::End(Outcome outcome) {
  if (!exchange_) return;
  host_->OnRequest(exchange_->Record(outcome));
  if (!exchange_->finished()) host_->Retire(std::move(exchange_));
  exchange_.reset();
}

// ---- The client meanwhile

void HttpSession::Watch() {
  if (watching_ || buffer_.size() >= kReadAhead) return;
  watching_ = true;
  socket_.async_read_some(buffer_.prepare(kReadBytes),
                          [self = shared_from_this()](const Code& error, size_t bytes) {
                            self->watching_ = false;
                            self->buffer_.commit(bytes);
                            if (!self->closed_) self->OnWatched(error);
                          });
}

void HttpSession::OnWatched(const Code& error) {
  if (std::exchange(next_, false)) {
    if (error && error != asio::error::operation_aborted) return Close();
    return WaitForRequest();
  }
  if (lingering_) buffer_.consume(buffer_.size());
  if (!error) return Watch();
  if (lingering_) return Close();
  Cut(Outcome::kClientGone);
}

void HttpSession::Linger() {
  lingering_ = true;
  Code ignored;
  socket_.shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
  Allow(kLinger);
  buffer_.consume(watching_ ? 0 : buffer_.size());
  Watch();
}

// ---- Ends

void HttpSession::Cut(Outcome outcome) {
  Code ignored;
  socket_.set_option(asio::socket_base::linger(true, 0), ignored);
  if (exchange_) exchange_->Cancel();
  if (!working_) End(outcome);
  Close();
}

void HttpSession::Close() {
  if (std::exchange(closed_, true)) return;
  if (exchange_) exchange_->Cancel();
  if (!working_) End(Outcome::kClientGone);
  deadline_.cancel();
  Code ignored;
  socket_.close(ignored);
  host_->OnClosed(this);
}

void HttpSession::EndWhenIdle() {
  if (exchange_) {
    exchange_->DropConnection();
  } else if (!lingering_) {
    Close();
  }
}

void HttpSession::Allow(std::chrono::milliseconds time) {
  deadline_.expires_after(time);
  deadline_.async_wait([self = shared_from_this()](const Code& error) {
    // A wait that had ended already when it was set anew comes without an error.
    if (error || self->closed_ || self->deadline_.expiry() > Clock::now()) return;
    self->Cut(Outcome::kClientGone);
  });
}

}  // namespace shoestring
