// base: what every room may use and that knows nothing of Postgres, Parquet or S3.
#pragma once

#include <fmt/format.h>

#include <stdexcept>
#include <string>
#include <string_view>

namespace shoestring {

/// What a caller can do about an error decides its kind.
enum class ErrorKind {
  kInvalidArgument,  ///< The caller must ask differently.
  kNotFound,         ///< The thing named does not exist.
  kConflict,         ///< Somebody else changed it: look again, then retry.
  kPermission,       ///< Credentials or privileges are missing.
  kUnavailable,      ///< A server or network failed: retry later.
  kTimeout,          ///< A time limit was reached.
  kCancelled,        ///< The user asked to stop.
  kUnsupported,      ///< Cannot be done without loss; the message names the way out.
  kData,             ///< A value cannot be kept exactly; the message names the way out.
  kCorrupt,   ///< Bytes in the lake, or from a server, are not what they should be.
  kLimit,     ///< A limit of memory, disk, size or cost was reached.
  kInternal,  ///< A bug of ours.
};

/// The one exception of the product. The message says what, where and what to do.
class Error : public std::runtime_error {
 public:
  Error(ErrorKind kind, const std::string& message)
      : std::runtime_error(message), kind_(kind) {}

  ErrorKind kind() const { return kind_; }

  /// SQLSTATE where Postgres gave one, else empty.
  const std::string& sqlstate() const { return sqlstate_; }
  Error&& WithSqlstate(std::string sqlstate) && {
    sqlstate_ = std::move(sqlstate);
    return std::move(*this);
  }

  /// True when the same call may succeed later, unchanged.
  bool retryable() const {
    return kind_ == ErrorKind::kConflict || kind_ == ErrorKind::kUnavailable;
  }

 private:
  ErrorKind kind_;
  std::string sqlstate_;
};

/// The kind as users and JSON read it, such as "invalid_argument".
std::string_view ErrorKindName(ErrorKind kind);

/// The process's exit code for an error of this kind; docs/exit_codes.md lists them.
int ExitCode(ErrorKind kind);

/// throw Fail(ErrorKind::kNotFound, "No such table: {}", name);
template <typename... Args>
Error Fail(ErrorKind kind, fmt::format_string<Args...> format, Args&&... args) {
  return Error(kind, fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace shoestring
