#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>

#include "api/message.h"

namespace shoestring {

/// An answer, and whose.
struct ServedResponse {
  ApiResponse response;
  std::string role;  ///< Of the caller; empty where nobody asked who it is.
};

/// Answers a request within the time; must not throw. Called by several threads.
using RequestHandler = std::function<ServedResponse(
    const ApiRequest&, std::stop_token cancel, std::chrono::milliseconds time)>;
/// Answers at once what needs no work; nothing for other requests.
using InstantHandler = std::function<std::optional<ServedResponse>(const ApiRequest&)>;

/// How an answer ended.
enum class Outcome {
  kComplete,
  kClientGone,  ///< The client left, or took too long to read.
  kCut,         ///< It failed half-way, so the connection was broken off.
};

/// What is known of a request when it is over, and nothing secret: neither query, nor
/// headers, nor body.
struct RequestRecord {
  std::string id;
  std::string client;  ///< The address that the connection comes from.
  std::string method;
  std::string path;
  int status = 0;
  std::string role;
  int64_t bytes = 0;                    ///< Of the answer's body.
  std::chrono::microseconds waited{0};  ///< For a worker.
  std::chrono::microseconds took{0};    ///< From the request's last byte to the answer's.
  Outcome outcome = Outcome::kComplete;
};

/// Told of what happens, always by the same thread.
class ServerObserver {
 public:
  virtual ~ServerObserver() = default;
  virtual void OnRequest(const RequestRecord& record) = 0;
  /// How many there are now.
  virtual void OnConnections(size_t open) = 0;
  /// Requests for workers, those at work among them.
  virtual void OnWaiting(size_t requests) = 0;
};

}  // namespace shoestring
