#pragma once

#include <array>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "api/served.h"
#include "lake/object_store.h"

namespace shoestring {

/// What the server's figures are made of, besides its requests.
struct LakeFigures {
  int64_t sequence = 0;  ///< Of lake.json.
  int64_t tables = 0;
  int64_t refresh_failures = 0;
  StoreStatistics store;
};

/// Counts what happens, for Prometheus. Used by one thread.
class ServerMetrics {
 public:
  void Count(const RequestRecord& record);
  void SetConnections(size_t open) { connections_ = open; }
  void SetWaiting(size_t requests) { waiting_ = requests; }

  /// In Prometheus' text format. Names no table, role or client.
  std::string Format(const LakeFigures& lake) const;

 private:
  /// Upper bounds, in seconds.
  static constexpr std::array kBounds = {0.005, 0.01, 0.025, 0.05, 0.1,  0.25,
                                         0.5,   1.0,  2.5,   5.0,  10.0, 30.0};

  std::map<std::pair<std::string, int>, int64_t> requests_;  ///< By method and status.
  std::array<int64_t, kBounds.size() + 1> within_{};
  int64_t total_ = 0;
  double seconds_ = 0;
  int64_t bytes_ = 0;
  int64_t clients_gone_ = 0;
  int64_t cut_ = 0;
  size_t connections_ = 0;
  size_t waiting_ = 0;
};

}  // namespace shoestring
