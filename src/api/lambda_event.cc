#include "api/lambda_event.h"

#include <arrow/util/utf8.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <cctype>

#include "api/base64url.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/http_client.h"
#include "base/json.h"

namespace shoestring {

namespace json = boost::json;

namespace {

std::string LowerCase(std::string_view text) {
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(),
                         [](unsigned char c) { return std::tolower(c); });
  return lower;
}

std::string TextOr(const JsonView& object, std::string_view name,
                   std::string_view otherwise) {
  const auto found = object.Find(name);
  return std::string(found ? found->Text() : otherwise);
}

std::string FromBase64(std::string_view text, const std::string& path) {
  while (text.ends_with('=')) text.remove_suffix(1);
  std::string letters(text);
  std::ranges::replace(letters, '+', '-');
  std::ranges::replace(letters, '/', '_');
  if (auto bytes = FromBase64Url(letters)) return *std::move(bytes);
  throw Fail(ErrorKind::kCorrupt, "{} is not base64", path);
}

std::string ReadBody(const JsonView& event) {
  const auto body = event.Find("body");
  if (!body) return "";
  const auto encoded = event.Find("isBase64Encoded");
  if (!encoded || !encoded->Boolean()) return std::string(body->Text());
  return FromBase64(body->Text(), body->path());
}

/// Calls `take(name, value)` for each, from an object of values, or of lists of them.
template <typename Take>
void ForEachValue(const JsonView& pairs, const Take& take) {
  for (const auto& [name, value] : pairs.Members()) {
    if (value.value().is_null()) continue;
    if (!value.value().is_array()) {
      take(name, value.Text());
      continue;
    }
    for (const JsonView& item : value.Items()) take(name, item.Text());
  }
}

void ReadHeaders(const JsonView& pairs, std::vector<ApiHeader>* headers) {
  ForEachValue(pairs, [&](std::string_view name, std::string_view value) {
    headers->emplace_back(LowerCase(name), value);
  });
}

/// Those of a browser are one header, as HTTP/1.1 has it.
void ReadCookies(const JsonView& cookies, std::vector<ApiHeader>* headers) {
  std::string joined;
  for (const JsonView& cookie : cookies.Items()) {
    if (!joined.empty()) joined += "; ";
    joined += cookie.Text();
  }
  headers->emplace_back("cookie", joined);
}

LambdaEvent ReadFormat2(const JsonView& event) {
  LambdaEvent read;
  const JsonView http = event["requestContext"]["http"];
  ApiRequest& request = read.request;
  request.method = http["method"].Text();
  request.path = event["rawPath"].Text();
  request.query = TextOr(event, "rawQueryString", "");
  if (const auto headers = event.Find("headers")) ReadHeaders(*headers, &request.headers);
  if (const auto cookies = event.Find("cookies")) ReadCookies(*cookies, &request.headers);
  request.body = ReadBody(event);
  read.client = TextOr(http, "sourceIp", "");
  return read;
}

/// The object of lists if there is one, else that of single values.
std::optional<JsonView> Values(const JsonView& event, std::string_view lists,
                               std::string_view single) {
  auto found = event.Find(lists);
  return found ? found : event.Find(single);
}

std::string JoinQuery(const JsonView& parameters, bool encoded) {
  const auto text = [encoded](std::string_view part) {
    return encoded ? std::string(part) : UriEncode(part, /*keep_slash=*/false);
  };
  std::string query;
  ForEachValue(parameters, [&](std::string_view name, std::string_view value) {
    if (!query.empty()) query += '&';
    query += text(name) + '=' + text(value);
  });
  return query;
}

LambdaEvent ReadFormat1(const JsonView& event) {
  LambdaEvent read;
  const JsonView context = event["requestContext"];
  const bool balancer = context.Find("elb").has_value();
  ApiRequest& request = read.request;
  request.method = event["httpMethod"].Text();
  request.path = event["path"].Text();
  const auto query =
      Values(event, "multiValueQueryStringParameters", "queryStringParameters");
  if (query) request.query = JoinQuery(*query, /*encoded=*/balancer);
  const auto headers = Values(event, "multiValueHeaders", "headers");
  if (headers) ReadHeaders(*headers, &request.headers);
  request.body = ReadBody(event);
  if (const auto identity = context.Find("identity")) {
    read.client = TextOr(*identity, "sourceIp", "");
  }
  read.format =
      event.Find("multiValueHeaders") ? PayloadFormat::kV1 : PayloadFormat::kV1Single;
  return read;
}

// ---- Answers

bool IsText(std::string_view bytes) {
  arrow::util::InitializeUTF8();
  return arrow::util::ValidateUTF8(reinterpret_cast<const uint8_t*>(bytes.data()),
                                   static_cast<int64_t>(bytes.size()));
}

/// As a header may have it: one line, and a text.
std::string HeaderValue(std::string_view value) {
  const bool text = IsText(value);
  std::string plain;
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    constexpr unsigned char kDelete = 0x7F;
    if (byte < ' ' || byte == kDelete) continue;
    plain += text || byte < kDelete ? c : '?';
  }
  return plain;
}

bool IsCookie(const ApiHeader& header) { return LowerCase(header.first) == "set-cookie"; }

/// One value a name; what is there several times is joined, as HTTP has it.
json::object SingleHeaders(const ApiResponse& response) {
  json::object headers;
  for (const ApiHeader& header : response.headers) {
    if (IsCookie(header)) continue;
    json::value& value = headers[header.first];
    const std::string text = HeaderValue(header.second);
    value = value.is_null() ? text : std::string(value.as_string()) + ", " + text;
  }
  return headers;
}

json::object ListedHeaders(const ApiResponse& response) {
  json::object headers;
  for (const auto& [name, text] : response.headers) {
    json::value& values = headers[name];
    if (values.is_null()) values = json::array();
    values.as_array().emplace_back(HeaderValue(text));
  }
  return headers;
}

json::array Cookies(const ApiResponse& response) {
  json::array cookies;
  for (const ApiHeader& header : response.headers) {
    if (IsCookie(header)) cookies.emplace_back(HeaderValue(header.second));
  }
  return cookies;
}

json::object Head(PayloadFormat format, const ApiResponse& response) {
  json::object head{{"statusCode", response.status}};
  if (format == PayloadFormat::kV1) {
    head["multiValueHeaders"] = ListedHeaders(response);
    return head;
  }
  head["headers"] = SingleHeaders(response);
  if (format == PayloadFormat::kV2) {
    json::array cookies = Cookies(response);
    if (!cookies.empty()) head["cookies"] = std::move(cookies);
  }
  return head;
}

}  // namespace

LambdaEvent ReadLambdaEvent(std::string_view text) {
  const json::value document = ParseJson(text, "event");
  const JsonView event(document, "event");
  if (event.Find("rawPath")) return ReadFormat2(event);
  if (event.Find("httpMethod")) return ReadFormat1(event);
  throw Fail(ErrorKind::kCorrupt,
             "The event is no HTTP request of payload format 2.0 or 1.0: call the "
             "function by an HTTP API, a Function URL or a load balancer");
}

std::string FormatLambdaAnswer(PayloadFormat format, const ApiResponse& response,
                               std::string_view body) {
  json::object answer = Head(format, response);
  const bool text = IsText(body);
  answer["body"] = text ? std::string(body) : Base64Of(body);
  answer["isBase64Encoded"] = !text;
  return json::serialize(answer);
}

std::string FormatLambdaPrelude(const ApiResponse& response) {
  constexpr size_t kNuls = 8;
  return json::serialize(Head(PayloadFormat::kV2, response)) + std::string(kNuls, '\0');
}

std::string FormatLambdaError(std::string_view type, std::string_view message) {
  return json::serialize(json::object{{"errorMessage", HeaderValue(message)},
                                      {"errorType", type},
                                      {"stackTrace", json::array()}});
}

}  // namespace shoestring
