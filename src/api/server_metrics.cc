#include "api/server_metrics.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>

namespace shoestring {

namespace {

constexpr std::array<std::string_view, 7> kMethods = {"GET",   "HEAD", "POST",  "OPTIONS",
                                                      "PATCH", "PUT",  "DELETE"};

/// A client must not be able to make new series.
std::string KnownMethod(const std::string& method) {
  const bool known = std::ranges::find(kMethods, method) != kMethods.end();
  return known ? method : "other";
}

std::string Series(std::string_view name, std::string_view kind, std::string_view help) {
  return fmt::format("# HELP shoestring_{0} {1}\n# TYPE shoestring_{0} {2}\n", name, help,
                     kind);
}

template <typename Value>
std::string Single(std::string_view name, std::string_view kind, std::string_view help,
                   Value value) {
  return fmt::format("{}shoestring_{} {}\n", Series(name, kind, help), name, value);
}

int64_t ResidentBytes() {
  std::ifstream file("/proc/self/statm");
  int64_t size = 0;
  int64_t resident = 0;
  file >> size >> resident;
  return resident * sysconf(_SC_PAGESIZE);
}

std::string StoreText(const StoreStatistics& store) {
  std::string text = Series("store_requests_total", "counter", "Requests to the lake.");
  const std::array<std::pair<std::string_view, int64_t>, 3> kinds = {
      {{"get", store.gets}, {"head", store.heads}, {"list", store.lists}}};
  for (const auto& [kind, count] : kinds) {
    text +=
        fmt::format("shoestring_store_requests_total{{kind=\"{}\"}} {}\n", kind, count);
  }
  return text + Single("store_read_bytes_total", "counter", "Bytes read from the lake.",
                       store.bytes_read);
}

}  // namespace

void ServerMetrics::Count(const RequestRecord& record) {
  const double seconds = std::chrono::duration<double>(record.took).count();
  ++requests_[{KnownMethod(record.method), record.status}];
  ++within_.at(std::ranges::lower_bound(kBounds, seconds) - kBounds.begin());
  ++total_;
  seconds_ += seconds;
  bytes_ += record.bytes;
  clients_gone_ += record.outcome == Outcome::kClientGone ? 1 : 0;
  cut_ += record.outcome == Outcome::kCut ? 1 : 0;
}

std::string ServerMetrics::Format(const LakeFigures& lake) const {
  std::string text = Series("http_requests_total", "counter", "Requests answered.");
  for (const auto& [key, count] : requests_) {
    text +=
        fmt::format("shoestring_http_requests_total{{method=\"{}\",status=\"{}\"}} {}\n",
                    key.first, key.second, count);
  }
  text += Series("http_request_seconds", "histogram",
                 "From a request's last byte to its answer's.");
  int64_t sum = 0;
  for (size_t i = 0; i < kBounds.size(); ++i) {
    sum += within_.at(i);
    text += fmt::format("shoestring_http_request_seconds_bucket{{le=\"{}\"}} {}\n",
                        kBounds.at(i), sum);
  }
  text += fmt::format(
      "shoestring_http_request_seconds_bucket{{le=\"+Inf\"}} {0}\n"
      "shoestring_http_request_seconds_sum {1}\nshoestring_http_request_seconds_count "
      "{0}\n",
      total_, seconds_);
  return text +
         Single("http_response_bytes_total", "counter", "Bytes of bodies.", bytes_) +
         Single("http_clients_gone_total", "counter", "Answers nobody waited for.",
                clients_gone_) +
         Single("http_answers_cut_total", "counter", "Answers that failed half-way.",
                cut_) +
         Single("http_connections", "gauge", "Connections open.", connections_) +
         Single("http_requests_at_work", "gauge",
                "Requests that workers have, or that wait.", waiting_) +
         Single("lake_sequence", "gauge", "The lake's version.", lake.sequence) +
         Single("lake_tables", "gauge", "Tables in it.", lake.tables) +
         Single("lake_refresh_failures_total", "counter",
                "Looks for a new version that failed.", lake.refresh_failures) +
         StoreText(lake.store) +
         Single("resident_memory_bytes", "gauge", "Memory of the process.",
                ResidentBytes());
}

}  // namespace shoestring
