#include "api/lambda_runtime.h"

#include <fmt/format.h>

#include <boost/asio/connect.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/write.hpp>
#include <charconv>

#include "api/http_message.h"
#include "api/lambda_event.h"
#include "base/digest.h"

namespace shoestring {

namespace asio = boost::asio;
namespace http = boost::beast::http;

using boost::system::system_error;
using std::chrono::milliseconds;
using std::chrono::system_clock;

namespace {

constexpr std::string_view kInvocation = "/2018-06-01/runtime/invocation/";
constexpr std::string_view kInitError = "/2018-06-01/runtime/init/error";
constexpr unsigned kHttp11 = 11;
constexpr const char* kRequestId = "Lambda-Runtime-Aws-Request-Id";
constexpr const char* kErrorType = "Lambda-Runtime-Function-Error-Type";
constexpr std::string_view kStreamHead =
    "POST {} HTTP/1.1\r\n"
    "Host: {}\r\n"
    "User-Agent: shoestring\r\n"
    "Content-Type: application/vnd.awslambda.http-integration-response\r\n"
    "Lambda-Runtime-Function-Response-Mode: streaming\r\n"
    "Transfer-Encoding: chunked\r\n"
    "Trailer: Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body\r\n"
    "\r\n";

std::string TypeOf(const Error& error) {
  return fmt::format("Shoestring.{}", ErrorKindName(error.kind()));
}

std::string InvocationPath(const std::string& id, const char* what) {
  return fmt::format("{}{}/{}", kInvocation, id, what);
}

Error Broken(const std::string& address, const std::string& what) {
  return Fail(ErrorKind::kUnavailable, "Lambda's Runtime API at {} failed: {}", address,
              what);
}

system_clock::time_point ReadDeadline(std::string_view text) {
  int64_t since_epoch = 0;
  std::from_chars(text.data(), text.data() + text.size(), since_epoch);
  return system_clock::time_point(milliseconds(since_epoch));
}

/// The end of a body that broke off, and why.
std::string LastChunk(const Error& error) {
  const std::string body = FormatLambdaError(TypeOf(error), error.what());
  return fmt::format("0\r\n{}: {}\r\nLambda-Runtime-Function-Error-Body: {}\r\n\r\n",
                     kErrorType, TypeOf(error), Base64Of(body));
}

}  // namespace

LambdaRuntime::LambdaRuntime(std::string address) : address_(std::move(address)) {
  if (address_.find(':') != std::string::npos) return;
  throw Fail(ErrorKind::kInvalidArgument,
             "AWS_LAMBDA_RUNTIME_API must be HOST:PORT, as Lambda sets it: {}", address_);
}

// ---- What Lambda is asked and told

Invocation LambdaRuntime::Next() {
  const Request request =
      MakeRequest(http::verb::get, fmt::format("{}next", kInvocation));
  Response response = Send(request);
  if (response.result() != http::status::ok) {
    throw Broken(address_,
                 fmt::format("status {} for the next event", response.result_int()));
  }
  Invocation invocation;
  invocation.id = response[kRequestId];
  invocation.deadline = ReadDeadline(std::string(response["Lambda-Runtime-Deadline-Ms"]));
  invocation.trace_id = response["Lambda-Runtime-Trace-Id"];
  invocation.event = std::move(response.body());
  return invocation;
}

void LambdaRuntime::Answer(const std::string& id, std::string json) {
  Request request = MakeRequest(http::verb::post, InvocationPath(id, "response"));
  request.set(http::field::content_type, "application/json");
  request.body() = std::move(json);
  request.prepare_payload();
  CheckTaken(Send(request));
}

bool LambdaRuntime::Stream(
    const std::string& id, std::string_view prelude,
    const std::function<std::optional<std::string>()>& next_piece) {
  std::optional<Error> failure;
  const auto piece = [&]() -> std::optional<std::string> {
    try {
      return next_piece();
    } catch (const Error& error) {
      failure = error;
      return std::nullopt;
    }
  };
  try {
    Close();  // One that has ended meanwhile would look as if the asker had left.
    Connect();
    Write(fmt::format(kStreamHead, InvocationPath(id, "response"), address_));
    Write(FormatChunk(prelude));
    while (const auto bytes = piece()) Write(FormatChunk(*bytes));
    Write(failure ? LastChunk(*failure) : std::string(kLastChunk));
    CheckTaken(ReadResponse());
  } catch (const system_error& error) {
    Close();
    throw Fail(ErrorKind::kConflict, "Nobody takes the rest of the answer: {}",
               error.what());
  }
  return !failure;
}

void LambdaRuntime::TellError(const std::string& id, const Error& error) {
  SendError(InvocationPath(id, "error"), error);
}

void LambdaRuntime::TellInitError(const Error& error) { SendError(kInitError, error); }

void LambdaRuntime::SendError(std::string_view path, const Error& error) {
  Request request = MakeRequest(http::verb::post, path);
  request.set(http::field::content_type, "application/vnd.aws.lambda.error+json");
  request.set(kErrorType, TypeOf(error));
  request.body() = FormatLambdaError(TypeOf(error), error.what());
  request.prepare_payload();
  CheckTaken(Send(request));
}

void LambdaRuntime::CheckTaken(const Response& response) const {
  const auto status = response.result();
  if (http::to_status_class(status) == http::status_class::successful) return;
  if (status == http::status::internal_server_error) {
    throw Broken(address_, "it asks the process to end");
  }
  throw Fail(ErrorKind::kConflict, "Lambda does not take the answer: status {}",
             response.result_int());
}

// ---- The connection

LambdaRuntime::Request LambdaRuntime::MakeRequest(http::verb verb,
                                                  std::string_view path) const {
  Request request{verb, {path.data(), path.size()}, kHttp11};
  request.set(http::field::host, address_);
  request.set(http::field::user_agent, "shoestring");
  return request;
}

LambdaRuntime::Response LambdaRuntime::Send(const Request& request) {
  for (bool kept = socket_.is_open();; kept = false) {
    try {
      return Exchange(request);
    } catch (const system_error& error) {
      Close();
      if (!kept) throw Broken(address_, error.what());
    }
  }
}

LambdaRuntime::Response LambdaRuntime::Exchange(const Request& request) {
  if (!socket_.is_open()) Connect();
  http::write(socket_, request);
  return ReadResponse();
}

LambdaRuntime::Response LambdaRuntime::ReadResponse() {
  http::response_parser<http::string_body> parser;
  parser.body_limit(boost::none);
  http::read(socket_, buffer_, parser);
  if (!parser.keep_alive()) Close();
  return parser.release();
}

void LambdaRuntime::Connect() {
  const size_t colon = address_.rfind(':');
  asio::ip::tcp::resolver resolver(io_);
  asio::connect(socket_,
                resolver.resolve(address_.substr(0, colon), address_.substr(colon + 1)));
  socket_.set_option(asio::ip::tcp::no_delay(true));
}

void LambdaRuntime::Close() {
  boost::system::error_code ignored;
  socket_.close(ignored);
  buffer_.clear();
}

void LambdaRuntime::Write(std::string_view bytes) {
  asio::write(socket_, asio::buffer(bytes.data(), bytes.size()));
}

}  // namespace shoestring
