#pragma once

#include <chrono>
#include <cstddef>

namespace shoestring {

/// What a client may ask of the server, and how long it may take over it.
struct ServerLimits {
  int connections = 1024;
  int workers = 0;    ///< Requests at work; 0: one a core.
  int waiting = 256;  ///< Requests that wait for a worker.
  size_t url_bytes = 16 << 10;
  size_t header_bytes = 48 << 10;  ///< With the URL.
  size_t body_bytes = 1 << 20;
  size_t buffer_bytes = 1 << 20;  ///< Of an answer that its client has not taken.
  std::chrono::milliseconds header_time{10'000};  ///< From its first byte to its last.
  std::chrono::milliseconds body_time{30'000};
  std::chrono::milliseconds idle_time{75'000};   ///< Between two requests.
  std::chrono::milliseconds write_time{20'000};  ///< For a buffer, and what 16 KB/s take.
  std::chrono::milliseconds query_time{30'000};  ///< Of a request, waiting included.
  std::chrono::milliseconds grace{10'000};  ///< To finish what is under way, at the end.
};

}  // namespace shoestring
