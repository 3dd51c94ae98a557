#include "api/cors.h"

namespace shoestring {

namespace {

constexpr std::string_view kMethods = "GET, POST, PATCH, PUT, DELETE, OPTIONS, HEAD";
constexpr std::string_view kSimpleHeaders = "Accept, Accept-Language, Content-Language";
constexpr std::string_view kExposed =
    "Content-Encoding, Content-Location, Content-Range, Content-Type, Date, Location, "
    "Server, Transfer-Encoding, Range-Unit";

/// "Foo,Bar" as "Foo, Bar, ".
std::string Listed(std::string_view names) {
  std::string list;
  for (const char c : names) {
    if (c == ' ' || c == '\r' || c == '\n') continue;
    list += c;
    if (c == ',') list += ' ';
  }
  return list.empty() ? list : list + ", ";
}

}  // namespace

std::optional<ApiResponse> AnswerPreflight(const ApiRequest& request) {
  if (request.method != "OPTIONS" || !request.Header("origin")) return std::nullopt;
  if (!request.Header("access-control-request-method")) return std::nullopt;
  const std::string asked = request.Header("access-control-request-headers").value_or("");
  ApiResponse response;
  response.headers = {
      {"Access-Control-Allow-Origin", "*"},
      {"Access-Control-Allow-Methods", std::string(kMethods)},
      {"Access-Control-Allow-Headers",
       "Authorization, " + Listed(asked) + std::string(kSimpleHeaders)},
      {"Access-Control-Max-Age", "86400"},
  };
  response.body = TextBody("");
  return response;
}

void AllowOrigin(const ApiRequest& request, ApiResponse* response) {
  response->headers.emplace_back("Access-Control-Allow-Origin", "*");
  if (!request.Header("origin")) return;
  response->headers.emplace_back("Access-Control-Expose-Headers", kExposed);
}

}  // namespace shoestring
