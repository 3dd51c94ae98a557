// Any bytes as what comes over a connection: each request is answered by one answer that
// an HTTP reader takes for whole, and that holds nothing the client has put there.
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>

#include "api/api_error.h"
#include "api/api_service.h"
#include "api/http_exchange.h"
#include "api/negotiation.h"
#include "api/server_limits.h"
#include "base/bytes.h"
#include "fuzz/expectation.h"

namespace {

using namespace shoestring;
namespace http = boost::beast::http;

constexpr std::string_view kKey = "sb_publishable_0123456789";

/// Reads all headers that the core reads, and gives back what the client sent.
ApiResponse Echo(const ApiRequest& request) {
  (void)RequestedRange(request, std::nullopt, std::nullopt);
  ParsePreferences(request).Check();
  ApiResponse response;
  response.headers = {
      {"Content-Type", ContentType(NegotiateMediaType(request, request.path == "/"))},
      {"Content-Location", request.path + "?" + request.query},
      {"Preference-Applied", ParsePreferences(request).Applied()}};
  if (request.method != "HEAD") response.body = TextBody("[]");
  return response;
}

const ApiService& Service() {
  static const ApiService kService = [] {
    AuthOptions options;
    options.anon_keys = {std::string(kKey)};
    options.keyring = std::make_shared<JwtKeyring>(JwtKeyring::Keys{});
    options.anonymous = true;
    const auto schema = std::make_shared<const LakeSchema>();
    return ApiService(
        [schema](const ApiRequest& request, const CallersAccess& access_of,
                 std::stop_token, std::chrono::milliseconds) {
          access_of(*schema);
          for (const auto& [name, value] : request.headers) {
            Require(name != "apikey" && name != "authorization");
          }
          return Echo(request);
        },
        Authenticator(options), Roles());
  }();
  return kService;
}

std::string Answered(ApiRequest request, bool http11, bool keep_alive) {
  HttpExchange exchange(std::move(request), {.id = "1"}, http11, keep_alive);
  if (auto at_once = Service().AnswerAtOnce(exchange.request())) {
    exchange.Answer(*std::move(at_once));
  }
  exchange.Work(
      [](const ApiRequest& asked, std::stop_token cancel,
         std::chrono::milliseconds time) {
        return Service().Handle(asked, std::move(cancel), time);
      },
      std::chrono::minutes(1), ServerLimits().buffer_bytes);
  Require(exchange.finished() && !exchange.failed());
  return exchange.Take();
}

/// The bytes are one answer, no more and no less.
void CheckAnswer(const std::string& bytes, bool head) {
  http::response_parser<http::string_body> parser;
  parser.skip(head);
  parser.eager(true);
  boost::beast::error_code error;
  const size_t read = parser.put(boost::asio::buffer(bytes), error);
  Require(!error && parser.is_done() && read == bytes.size());
  const int status = parser.get().result_int();
  Require(status == 200 || (status >= 400 && status < 500));
  Require(parser.get().count("X-Request-Id") == 1 && parser.get()["X-Request-Id"] == "1");
}

/// The first request of the bytes, answered; how long it was, 0 when there is none.
size_t AnswerOne(std::string_view bytes) {
  const ServerLimits limits;
  http::request_parser<http::string_body> parser;
  parser.header_limit(static_cast<uint32_t>(limits.header_bytes));
  parser.body_limit(limits.body_bytes);
  parser.eager(true);
  boost::beast::error_code error;
  const size_t read = parser.put(boost::asio::buffer(bytes.data(), bytes.size()), error);
  if (error || !parser.is_done()) return 0;
  const bool keep_alive = parser.keep_alive();
  constexpr unsigned kHttp11 = 11;
  BeastRequest request = parser.release();
  const bool http11 = request.version() >= kHttp11;
  const bool head = request.method() == http::verb::head;
  CheckAnswer(Answered(ToApiRequest(&request), http11, keep_alive), head);
  return read;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view text = AsText(Bytes(data, size));
  while (const size_t read = AnswerOne(text)) text.remove_prefix(read);
  return 0;
}
