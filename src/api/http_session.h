#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "api/http_exchange.h"
#include "api/server_limits.h"

namespace shoestring {

class HttpSession;

/// What a connection asks of the server that it belongs to.
class SessionHost {
 public:
  virtual ~SessionHost() = default;
  virtual const ServerLimits& limits() const = 0;
  virtual bool stopping() const = 0;
  /// False when too many requests wait already.
  virtual bool HasRoom() const = 0;
  virtual std::optional<ServedResponse> AnswerAtOnce(const ApiRequest& request) = 0;
  /// Lets a worker fill the exchange, then calls `done` on the server's thread.
  virtual void Work(std::shared_ptr<HttpExchange> exchange,
                    std::function<void()> done) = 0;
  /// Lets go of an exchange whose answer is not to be finished.
  virtual void Retire(std::shared_ptr<HttpExchange> exchange) = 0;
  virtual void OnRequest(const RequestRecord& record) = 0;
  virtual void OnClosed(HttpSession* session) = 0;
};

/// A connection: reads a request, has it answered, writes the answer, then the next one.
/// Lives on the server's one thread and never blocks it. While a request is worked on it
/// goes on reading, into a bounded buffer, and so notices a client that leaves; the
/// client of a pipelined request is answered in turn.
class HttpSession : public std::enable_shared_from_this<HttpSession> {
 public:
  using Clock = std::chrono::steady_clock;

  HttpSession(boost::asio::ip::tcp::socket socket, SessionHost* host);

  void Start() { WaitForRequest(); }
  /// Ends it once it owes no answer.
  void EndWhenIdle();
  /// Ends it now, and stops what is worked on.
  void Close();

  /// Since when it has waited for a request; nothing while it has one.
  std::optional<Clock::time_point> idle_since() const { return idle_since_; }

 private:
  using Code = boost::system::error_code;
  using Parser = boost::beast::http::request_parser<boost::beast::http::string_body>;

  void WaitForRequest();
  void ReadHeader();
  void OnHeader(const Code& error);
  void ReadBody();
  void OnBody(const Code& error);
  void SendContinue();
  void OnRequest();
  std::shared_ptr<HttpExchange> NewExchange(bool keep_alive);
  /// Answers what cannot be read, and ends the connection.
  void Refuse(int status, const std::string& message);
  void RefuseUnreadable(const Code& error);

  void Work();
  void OnWorked();
  void Write();
  void OnWritten(const Code& error);
  void Finish();

  void Watch();
  void OnWatched(const Code& error);
  /// Lets the client read what was sent before the connection goes.
  void Linger();
  void End(Outcome outcome);
  /// Closes the connection in a way that the client cannot take for the end of an answer.
  void Cut(Outcome outcome);

  void Allow(std::chrono::milliseconds time);

  boost::asio::ip::tcp::socket socket_;
  SessionHost* const host_;
  boost::asio::steady_timer deadline_;
  boost::beast::flat_buffer buffer_;
  std::optional<Parser> parser_;
  std::shared_ptr<HttpExchange> exchange_;
  std::string output_;
  std::string client_;
  std::optional<Clock::time_point> idle_since_;
  bool served_one_ = false;
  bool working_ = false;   ///< A worker has the exchange.
  bool watching_ = false;  ///< A read is under way that waits for anything.
  bool next_ = false;      ///< The next request is to be read when it ends.
  bool lingering_ = false;
  bool closed_ = false;
};

}  // namespace shoestring
