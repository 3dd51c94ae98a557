#include "api/api_error.h"

#include <algorithm>

#include "base/utf8.h"
#include "engine/value_text.h"

namespace shoestring {

namespace {

/// A text that was sent or cut, with U+FFFD for each byte that is no UTF-8.
std::string JsonString(std::string_view text) {
  std::string good;
  while (!text.empty()) {
    const size_t length = FirstCharacter(text).bytes;
    good += length > 0 ? text.substr(0, length) : "\uFFFD";
    text.remove_prefix(std::max<size_t>(length, 1));
  }
  std::string json;
  AppendJsonString(good, &json);
  return json;
}

std::string TextOrNull(const std::optional<std::string>& text) {
  return text ? JsonString(*text) : "null";
}

}  // namespace

ApiError ApiError::WithDetails(std::string details) && {
  details_ = std::move(details);
  return std::move(*this);
}

ApiError ApiError::WithDetailsJson(std::string json) && {
  details_json_ = std::move(json);
  return std::move(*this);
}

ApiError ApiError::WithHint(std::string hint) && {
  hint_ = std::move(hint);
  return std::move(*this);
}

ApiError ApiError::WithHeader(std::string name, std::string value) && {
  headers_.emplace_back(std::move(name), std::move(value));
  return std::move(*this);
}

std::string ApiError::ToJson() const {
  return fmt::format(R"({{"code":"{}","details":{},"hint":{},"message":{}}})", code_,
                     details_json_ ? *details_json_ : TextOrNull(details_),
                     TextOrNull(hint_), JsonString(message_));
}

ApiError TranslateError(const Error& error) {
  const auto make = [&](int status, std::string_view code) {
    return ApiError(status, std::string(code), error.what());
  };
  if (!error.sqlstate().empty() && error.kind() == ErrorKind::kInvalidArgument) {
    return make(400, error.sqlstate());
  }
  switch (error.kind()) {
    case ErrorKind::kInvalidArgument: return make(400, "42601");
    case ErrorKind::kNotFound:
      return make(404, error.sqlstate().empty() ? "42P01" : error.sqlstate());
    case ErrorKind::kConflict:
    case ErrorKind::kUnavailable:
      return make(503, "PGRST001").WithHeader("Retry-After", "1");
    case ErrorKind::kPermission: return make(503, "PGRST000");
    case ErrorKind::kTimeout:
      return ApiError(500, "57014", "canceling statement due to statement timeout");
    case ErrorKind::kCancelled:
      return ApiError(500, "57014", "canceling statement due to user request");
    case ErrorKind::kUnsupported:
      return ApiError(400, "PGRST127", "Feature not implemented")
          .WithDetails(error.what());
    case ErrorKind::kData: return make(400, "22P02");
    case ErrorKind::kLimit: return make(413, "53400");
    case ErrorKind::kCorrupt:
    case ErrorKind::kInternal: return make(500, "XX000");
  }
  return make(500, "XX000");
}

ApiResponse ErrorResponse(const ApiError& error, const std::string& method) {
  ApiResponse response;
  response.status = error.status();
  response.headers = error.headers();
  response.headers.emplace_back("Content-Type", "application/json; charset=utf-8");
  response.headers.emplace_back("Proxy-Status", "PostgREST; error=" + error.code());
  if (method != "HEAD") response.body = TextBody(error.ToJson());
  return response;
}

}  // namespace shoestring
