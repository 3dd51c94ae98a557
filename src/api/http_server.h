#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>

#include <atomic>
#include <map>
#include <memory>
#include <string>

#include "api/http_session.h"
#include "api/served.h"
#include "api/server_limits.h"

namespace shoestring {

/// An HTTP/1.1 server. One thread, that of Run(), does all that has to do with sockets
/// and never waits for a client; workers answer, and never wait for one either: what a
/// client has not taken yet stands in a bounded buffer, and its answer rests meanwhile.
class HttpServer : private SessionHost {
 public:
  /// `listen` is "HOST:PORT", the port 0 for any; "[::1]:80" for IPv6. The handlers and
  /// the observer must outlive it. Throws kInvalidArgument for another form, kUnavailable
  /// when it cannot listen there.
  HttpServer(const std::string& listen, const ServerLimits& limits,
             RequestHandler handler, InstantHandler instant, ServerObserver* observer);
  ~HttpServer() override;

  /// "127.0.0.1:8080": where it listens.
  std::string address() const;
  /// Serves until Stop(), or SIGTERM or SIGINT. Then takes no more connections, finishes
  /// what is under way as long as the grace lasts, and returns.
  void Run();
  /// Thread-safe. Called again, it waits for nothing.
  void Stop();
  bool stopping() const override { return stopping_; }

 private:
  const ServerLimits& limits() const override { return limits_; }
  bool HasRoom() const override;
  std::optional<ServedResponse> AnswerAtOnce(const ApiRequest& request) override;
  void Work(std::shared_ptr<HttpExchange> exchange, std::function<void()> done) override;
  void Retire(std::shared_ptr<HttpExchange> exchange) override;
  void OnRequest(const RequestRecord& record) override { observer_->OnRequest(record); }
  void OnClosed(HttpSession* session) override;

  void Accept();
  void OnAccepted(boost::asio::ip::tcp::socket socket);
  /// Ends the connection that has been idle for longest; false when none is.
  bool CloseOneIdle();
  void AwaitSignals();
  void BeginStop();
  void CloseAll();

  const ServerLimits limits_;
  const RequestHandler handler_;
  const InstantHandler instant_;
  ServerObserver* const observer_;
  boost::asio::io_context io_{1};
  boost::asio::ip::tcp::acceptor acceptor_{io_};
  boost::asio::signal_set signals_{io_};
  boost::asio::steady_timer pause_{io_};  ///< Of accepting; later, the grace.
  std::map<HttpSession*, std::shared_ptr<HttpSession>> sessions_;
  int at_work_ = 0;  ///< Exchanges that workers have, or are to have.
  std::atomic<bool> stopping_ = false;
  const int workers_;
  boost::asio::thread_pool pool_;
};

}  // namespace shoestring
