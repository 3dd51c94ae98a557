#include "api/access_log.h"

#include <fmt/chrono.h>
#include <spdlog/async.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <chrono>

namespace shoestring {

namespace {

constexpr size_t kWaitingLines = 8192;
constexpr size_t kLongestPart = 63;  ///< A name of Postgres.
constexpr size_t kLongestPath = 512;

std::string_view OutcomeName(Outcome outcome) {
  switch (outcome) {
    case Outcome::kComplete: return "complete";
    case Outcome::kClientGone: return "client_gone";
    case Outcome::kCut: return "cut";
  }
  return "";
}

/// Printable ASCII, so that the line is JSON whatever somebody sent.
std::string Plain(std::string_view text) {
  std::string plain;
  for (const char c : text) plain += c >= ' ' && c <= '~' ? c : '?';
  return plain;
}

/// Somebody could have put a key or token into a path: what is longer than a name, or
/// begins as a key does, is not shown.
std::string ShownPath(std::string_view path) {
  std::string shown;
  while (!path.empty() && shown.size() < kLongestPath) {
    const size_t end = std::min(path.find('/', 1), path.size());
    const std::string_view part = path.substr(0, end);
    const bool secret = part.size() > kLongestPart + 1 || part.starts_with("/sb_") ||
                        part.starts_with("/eyJ");
    shown += secret ? "/..." : Plain(part);
    path.remove_prefix(end);
  }
  return shown;
}

double Milliseconds(std::chrono::microseconds time) {
  return std::chrono::duration<double, std::milli>(time).count();
}

std::string Now() {
  using std::chrono::milliseconds;
  const auto now =
      std::chrono::time_point_cast<milliseconds>(std::chrono::system_clock::now());
  const auto seconds = std::chrono::time_point_cast<std::chrono::seconds>(now);
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z",
                     fmt::gmtime(std::chrono::system_clock::to_time_t(seconds)),
                     (now - seconds).count());
}

}  // namespace

std::string FormatAccessLine(const RequestRecord& record, std::string_view time) {
  return boost::json::serialize(
      boost::json::object{{"time", time},
                          {"id", record.id},
                          {"client", record.client},
                          {"method", Plain(record.method).substr(0, 16)},
                          {"path", ShownPath(record.path)},
                          {"status", record.status},
                          {"bytes", record.bytes},
                          {"ms", Milliseconds(record.took)},
                          {"waited_ms", Milliseconds(record.waited)},
                          {"role", Plain(record.role)},
                          {"outcome", OutcomeName(record.outcome)}});
}

std::string AccessLine(const RequestRecord& record) {
  return FormatAccessLine(record, Now());
}

AccessLog::AccessLog()
    : thread_(std::make_shared<spdlog::details::thread_pool>(kWaitingLines, 1)),
      logger_(std::make_shared<spdlog::async_logger>(
          "access", std::make_shared<spdlog::sinks::stdout_sink_mt>(), thread_,
          spdlog::async_overflow_policy::overrun_oldest)) {
  logger_->set_pattern("%v");
  logger_->flush_on(spdlog::level::info);
}

AccessLog::~AccessLog() = default;

void AccessLog::Write(const RequestRecord& record) {
  logger_->info("{}", AccessLine(record));
}

}  // namespace shoestring
