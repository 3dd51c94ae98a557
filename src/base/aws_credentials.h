#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "base/aws_config.h"
#include "base/aws_signer.h"
#include "base/http_client.h"

namespace shoestring {

/// Where AWS's tools find credentials, in their order: environment; the profile's role
/// (assumed by way of another profile, the environment, a container or an instance); a
/// web identity; the profile's keys; its credential_process; the container (ECS, EKS);
/// the instance (IMDSv2). Temporary ones are fetched anew before they expire.
/// Thread-safe.
class AwsCredentialChain {
 public:
  /// Both must outlive the chain.
  AwsCredentialChain(const AwsConfig* config, HttpClient* client);

  /// Throws kPermission, saying where it looked, when there are none, and kUnavailable
  /// when a service that has them does not answer.
  AwsCredentials Get();
  /// Those that Get() gave are refused as expired: false when they cannot be replaced.
  bool Refresh();
  /// A text of others with "…" where it repeats keys or token; empty when none can be
  /// had.
  std::string WithoutSecrets(std::string text);

 private:
  const AwsConfig* config_;
  HttpClient* client_;
  std::mutex mutex_;
  std::optional<AwsCredentials> current_;  ///< By mutex_.
};

/// Credentials as a process or a metadata service prints them. Pure; throws kCorrupt.
AwsCredentials ParseCredentialsJson(std::string_view json, std::string_view what);
/// As STS answers. Pure; throws kCorrupt.
AwsCredentials ParseStsAnswer(std::string_view xml);
/// "2026-01-31T23:59:59Z", with or without fractions, "+00:00" too; nothing for others.
std::optional<std::chrono::system_clock::time_point> ParseAwsTime(std::string_view text);

}  // namespace shoestring
