#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "api/rest_api.h"
#include "api/served.h"
#include "api/server_metrics.h"
#include "base/settings.h"
#include "lake/object_store.h"

namespace shoestring {

struct LakeServiceOptions {
  std::string lake;
  S3Options s3;
  RestOptions rest;
  bool anonymous = false;        ///< Who shows no key has the role anon.
  std::vector<std::string> hot;  ///< Tables to keep in memory.
  int64_t hot_bytes = 0;         ///< That they may take.
  /// Between looks for a new version of the lake, from a thread of its own; 0: it looks
  /// only when it is told to.
  std::chrono::milliseconds refresh{5000};
};

/// What [serve] of shoestring.toml and the environment say of it: lake, engine, schema,
/// queries, max_rows, max_bytes and memory.
LakeServiceOptions ReadLakeServiceOptions(const Settings& settings);

/// The read API of a lake with its keys and roles, free of sockets: the server and Lambda
/// put themselves around it. Thread-safe.
class LakeService {
 public:
  /// Opens all of it. `file` is shoestring.toml, if there is one. Throws kInvalidArgument
  /// for settings that are wrong, or let nobody in.
  LakeService(const LakeServiceOptions& options, const Settings& settings,
              const std::optional<SettingsFile>& file);
  ~LakeService();

  /// A browser's preflight; nothing for what takes work.
  std::optional<ServedResponse> AnswerAtOnce(const ApiRequest& request) const;
  /// Does not throw.
  ServedResponse Handle(const ApiRequest& request, std::stop_token cancel,
                        std::chrono::milliseconds time) const;
  /// Takes the version of the lake that is there now; if it cannot be read, says so on
  /// standard error and keeps the one before.
  void Look();

  /// What whoever starts it should know: tables that are closed, names that do not exist.
  std::vector<std::string> Remarks() const;
  LakeFigures Figures() const;

 private:
  class Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace shoestring
