#pragma once

#include <memory>
#include <string>
#include <vector>

#include "api/lake_service.h"
#include "api/server_limits.h"

namespace shoestring {

struct ServeOptions {
  LakeServiceOptions service;
  std::string listen = "127.0.0.1:8080";
  ServerLimits limits;
};

/// A lake's service on a socket, with metrics and an access log, which goes to standard
/// output.
class LakeServer {
 public:
  /// Opens all of it, and listens. Throws as LakeService does.
  LakeServer(const ServeOptions& options, const Settings& settings,
             const std::optional<SettingsFile>& file);
  ~LakeServer();

  /// "127.0.0.1:8080".
  std::string address() const;
  /// The service's.
  std::vector<std::string> Remarks() const;
  /// Until SIGTERM or SIGINT; see HttpServer.
  void Run();

 private:
  class Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace shoestring
