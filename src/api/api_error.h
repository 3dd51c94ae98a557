#pragma once

#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "api/message.h"
#include "base/error.h"

namespace shoestring {

/// A refusal as PostgREST words it. Thrown inside of the core, answered at its edge.
class ApiError : public std::runtime_error {
 public:
  ApiError(int status, std::string code, std::string message)
      : std::runtime_error(message),
        status_(status),
        code_(std::move(code)),
        message_(std::move(message)) {}

  ApiError WithDetails(std::string details) &&;
  /// JSON in place of a text.
  ApiError WithDetailsJson(std::string json) &&;
  ApiError WithHint(std::string hint) &&;
  /// Such as WWW-Authenticate.
  ApiError WithHeader(std::string name, std::string value) &&;

  int status() const { return status_; }
  const std::string& code() const { return code_; }
  const std::vector<ApiHeader>& headers() const { return headers_; }
  /// {"code":…,"details":…,"hint":…,"message":…}: always all four, and UTF-8 whatever the
  /// client has sent.
  std::string ToJson() const;

 private:
  int status_;
  std::string code_;
  std::string message_;  ///< what() would end at a zero byte.
  std::optional<std::string> details_;
  std::optional<std::string> details_json_;
  std::optional<std::string> hint_;
  std::vector<ApiHeader> headers_;
};

/// What an engine, or the lake, has thrown, as a client is to see it: SQLSTATE 57014 with
/// 500 for a timeout, 503 with Retry-After for what may go away by itself, …
ApiError TranslateError(const Error& error);

/// The answer to a request that is refused; for "HEAD" without a body.
ApiResponse ErrorResponse(const ApiError& error, const std::string& method);

}  // namespace shoestring
