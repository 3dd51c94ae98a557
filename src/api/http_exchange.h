#pragma once

#include <chrono>
#include <optional>
#include <stop_token>
#include <string>

#include "api/api_error.h"
#include "api/http_message.h"
#include "api/served.h"

namespace shoestring {

/// A request and its answer on their way. Used by one thread at a time: a worker, which
/// fills it, or the connection, which takes from it; only Cancel() is for any. Free of
/// sockets.
class HttpExchange {
 public:
  using Clock = std::chrono::steady_clock;

  /// `record` has what is known so far.
  HttpExchange(ApiRequest request, RequestRecord record, bool http11, bool keep_alive);

  const ApiRequest& request() const { return request_; }

  /// Takes an answer that is there already.
  void Answer(ServedResponse served);
  /// Answers, the first time, and fetches of the answer's body what makes up a buffer,
  /// or its end. `time` counts from when the request was there.
  void Work(const RequestHandler& handler, std::chrono::milliseconds time,
            size_t buffer_bytes);
  void Cancel() { cancel_.request_stop(); }

  /// What is to be sent next: the head first, framed as HTTP wants it.
  std::string Take();
  /// Nothing more comes.
  bool finished() const { return finished_; }
  /// The answer broke off after its head was sent: the connection must, too.
  bool failed() const { return failed_; }
  bool keep_alive() const { return keep_alive_; }
  void DropConnection() { keep_alive_ = false; }

  /// What is to be told of it.
  RequestRecord Record(Outcome outcome) const;

 private:
  void Fetch(size_t buffer_bytes);
  void Break(const ApiError& error);
  std::string Head();
  Framing ChooseFraming() const;

  const ApiRequest request_;
  RequestRecord record_;
  const bool http11_;
  bool keep_alive_;
  const Clock::time_point arrived_ = Clock::now();
  std::stop_source cancel_;
  std::optional<ServedResponse> served_;
  std::string buffer_;  ///< Of the body.
  std::optional<size_t> length_;
  Framing framing_ = Framing::kNone;
  bool head_sent_ = false;
  bool finished_ = false;
  bool failed_ = false;
};

}  // namespace shoestring
