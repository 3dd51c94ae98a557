#pragma once

#include <memory>
#include <string>

#include "api/served.h"

namespace spdlog {
class logger;
namespace details {
class thread_pool;
}
}  // namespace spdlog

namespace shoestring {

/// A line of the access log: a JSON object. Has no query, header, body or claim, and of
/// the path no part that could be a key.
std::string FormatAccessLine(const RequestRecord& record, std::string_view time);
/// The same, of now.
std::string AccessLine(const RequestRecord& record);

/// Writes lines to standard output from a thread of its own: a reader that stalls loses
/// lines, and stops nobody.
class AccessLog {
 public:
  AccessLog();
  ~AccessLog();

  void Write(const RequestRecord& record);

 private:
  std::shared_ptr<spdlog::details::thread_pool> thread_;
  std::shared_ptr<spdlog::logger> logger_;
};

}  // namespace shoestring
