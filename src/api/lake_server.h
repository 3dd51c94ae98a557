#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "api/rest_api.h"
#include "api/server_limits.h"
#include "base/settings.h"
#include "lake/object_store.h"

namespace shoestring {

struct ServeOptions {
  std::string lake;
  S3Options s3;
  std::string listen = "127.0.0.1:8080";
  RestOptions rest;
  ServerLimits limits;
  std::vector<std::string> hot;             ///< Tables to keep in memory.
  int64_t hot_bytes = 0;                    ///< That they may take.
  bool anonymous = false;                   ///< Who shows no key has the role anon.
  std::chrono::milliseconds refresh{5000};  ///< Between looks for a new version.
};

/// The read API of a lake on a socket, with keys, roles, metrics and an access log, which
/// goes to standard output.
class LakeServer {
 public:
  /// Opens all of it, and listens. `file` is shoestring.toml, if there is one. Throws
  /// kInvalidArgument for settings that are wrong, or let nobody in.
  LakeServer(const ServeOptions& options, const Settings& settings,
             const std::optional<SettingsFile>& file);
  ~LakeServer();

  /// "127.0.0.1:8080".
  std::string address() const;
  /// What whoever starts it should know: tables that are closed, names that do not exist.
  std::vector<std::string> Remarks() const;
  /// Until SIGTERM or SIGINT; see HttpServer.
  void Run();

 private:
  class Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace shoestring
