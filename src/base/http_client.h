#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/request_scope.h"

namespace shoestring {

/// Names and values, none of them encoded.
using HttpPairs = std::vector<std::pair<std::string, std::string>>;

struct HttpRequest {
  std::string method = "GET";
  std::string origin;      ///< "https://host[:port]".
  std::string path = "/";  ///< Percent-encoded, as it is sent.
  HttpPairs query;         ///< Sent in the order that signatures want.
  HttpPairs headers;       ///< Names in lower case.
  std::string_view body;   ///< Must live until the answer is there.

  /// What the Host header says: without the scheme's own port.
  std::string Host() const;
  /// "a=1&b=%20": encoded, sorted.
  std::string QueryText() const;
  std::string Url() const;
};

/// Percent-encodes all but letters, digits and "-._~", as AWS wants it.
std::string UriEncode(std::string_view text, bool keep_slash);

/// Why no whole answer came.
enum class HttpFault {
  kNone,
  kName,         ///< The host's name is not known.
  kConnect,      ///< Nobody listens, or no route.
  kTls,          ///< No encrypted connection came about.
  kCertificate,  ///< It is not trusted.
  kTimeout,      ///< Silence, or too slow.
  kCut,          ///< The connection broke.
  kTooLarge,     ///< More bytes came than were asked for.
  kInterrupted,  ///< By InterruptRequests().
};

struct HttpAnswer {
  int status = 0;                              ///< 0 when none came.
  std::map<std::string, std::string> headers;  ///< Names in lower case.
  std::string body;
  int64_t received = 0;  ///< Bytes of the body, wherever they went.
  HttpFault fault = HttpFault::kNone;
  std::string detail;  ///< The fault in words.

  bool ok() const { return fault == HttpFault::kNone && status / 100 == 2; }
  /// Empty when there is none; `name` in lower case.
  std::string_view Header(const std::string& name) const;
};

struct HttpLimits {
  std::chrono::milliseconds connect{5000};
  std::chrono::milliseconds silence{10000};  ///< Without a byte, in whole seconds.
  std::chrono::milliseconds total{0};        ///< Of the whole request; 0: none.
  int64_t body_bytes = int64_t{1} << 31;
  bool direct = false;  ///< Past any proxy.
  RequestScope scope;   ///< What the request is a part of.
};

/// Sends requests, each from the thread that asks; connections are kept for the next.
/// Thread-safe. Nothing is sent again, no redirect is followed.
class HttpClient {
 public:
  /// `ca_bundle` is a file of certificates to trust; empty: that which
  /// SSL_CERT_FILE names, else the machine's.
  explicit HttpClient(std::string ca_bundle = "");
  ~HttpClient();

  /// The body of a 2xx answer goes into `to`, if that is not empty.
  HttpAnswer Send(const HttpRequest& request, const HttpLimits& limits,
                  std::span<uint8_t> to = {});

 private:
  struct Connection;
  std::unique_ptr<Connection> Take();
  void GiveBack(std::unique_ptr<Connection> connection);

  const std::string ca_bundle_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Connection>> idle_;  ///< By mutex_.
};

}  // namespace shoestring
