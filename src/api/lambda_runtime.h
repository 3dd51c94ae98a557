#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"

namespace shoestring {

/// An event, and what Lambda says of it.
struct Invocation {
  std::string id;
  std::chrono::system_clock::time_point deadline;  ///< Then Lambda ends the process.
  std::string trace_id;                            ///< Empty without one.
  std::string event;                               ///< JSON.
};

/// Lambda's Runtime API, from which a process takes its work, one event at a time. Throws
/// kConflict for an answer that Lambda does not take, as when its time is over or its
/// asker has left: the next event may come; kUnavailable for all that ends the process.
class LambdaRuntime {
 public:
  /// `address` is "HOST:PORT", as AWS_LAMBDA_RUNTIME_API has it. Throws kInvalidArgument
  /// for another form.
  explicit LambdaRuntime(std::string address);

  /// Waits for it as long as it takes.
  Invocation Next();
  void Answer(const std::string& id, std::string json);
  /// Streams `prelude` and the pieces, up to the one that is none. False: a piece threw
  /// an Error, which Lambda was told after what had been sent before.
  bool Stream(const std::string& id, std::string_view prelude,
              const std::function<std::optional<std::string>()>& next_piece);
  void TellError(const std::string& id, const Error& error);
  /// It cannot start at all.
  void TellInitError(const Error& error);

 private:
  using Request = boost::beast::http::request<boost::beast::http::string_body>;
  using Response = boost::beast::http::response<boost::beast::http::string_body>;

  Request MakeRequest(boost::beast::http::verb verb, std::string_view path) const;
  void SendError(std::string_view path, const Error& error);
  /// On the connection that is kept; once more on a new one, if that has ended meanwhile.
  Response Send(const Request& request);
  Response Exchange(const Request& request);
  Response ReadResponse();
  void CheckTaken(const Response& response) const;
  void Connect();
  void Close();
  void Write(std::string_view bytes);

  const std::string address_;
  boost::asio::io_context io_;
  boost::asio::ip::tcp::socket socket_{io_};
  boost::beast::flat_buffer buffer_;
};

}  // namespace shoestring
