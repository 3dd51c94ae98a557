#include "api/http_message.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <boost/beast/http/status.hpp>
#include <cctype>
#include <ctime>

namespace shoestring {

namespace {

namespace http = boost::beast::http;

std::string LowerCase(std::string_view text) {
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(),
                         [](unsigned char c) { return std::tolower(c); });
  return lower;
}

/// "/path?query" also where a client that takes us for a proxy sent the whole URL.
std::string_view OriginForm(std::string_view target) {
  const size_t scheme = target.find("://");
  if (target.starts_with('/') || scheme == target.npos) return target;
  const size_t path = target.find('/', scheme + 3);
  return path == target.npos ? "/" : target.substr(path);
}

void AppendHeader(std::string* head, std::string_view name, std::string_view value) {
  head->append(name).append(": ");
  for (const char c : value) {
    // A line break would begin a header, or a body, of somebody else's.
    if (static_cast<unsigned char>(c) >= ' ' && c != 0x7F) head->push_back(c);
  }
  head->append("\r\n");
}

std::string HttpDate() {
  return fmt::format("{:%a, %d %b %Y %H:%M:%S} GMT", fmt::gmtime(std::time(nullptr)));
}

}  // namespace

ApiRequest ToApiRequest(BeastRequest* request) {
  ApiRequest result;
  result.method = request->method_string();
  const std::string_view target =
      OriginForm({request->target().data(), request->target().size()});
  const size_t mark = std::min(target.find('?'), target.size());
  result.path = target.substr(0, mark);
  result.query = target.substr(std::min(mark + 1, target.size()));
  for (const auto& field : *request) {
    result.headers.emplace_back(
        LowerCase({field.name_string().data(), field.name_string().size()}),
        std::string(field.value()));
  }
  result.body = std::move(request->body());
  return result;
}

std::string FormatHead(const ApiResponse& response, Framing framing, size_t length,
                       bool keep_alive, std::string_view request_id) {
  const auto reason = http::obsolete_reason(http::int_to_status(response.status));
  std::string head = fmt::format("HTTP/1.1 {} {}\r\n", response.status,
                                 std::string_view(reason.data(), reason.size()));
  for (const auto& [name, value] : response.headers) AppendHeader(&head, name, value);
  AppendHeader(&head, "Date", HttpDate());
  AppendHeader(&head, "Server", "shoestring");
  AppendHeader(&head, "X-Request-Id", request_id);
  AppendHeader(&head, "X-Content-Type-Options", "nosniff");
  if (framing == Framing::kLength) {
    AppendHeader(&head, "Content-Length", fmt::format("{}", length));
  }
  if (framing == Framing::kChunked) AppendHeader(&head, "Transfer-Encoding", "chunked");
  AppendHeader(&head, "Connection", keep_alive ? "keep-alive" : "close");
  return head + "\r\n";
}

std::string FormatChunk(std::string_view piece) {
  return fmt::format("{:x}\r\n{}\r\n", piece.size(), piece);
}

}  // namespace shoestring
