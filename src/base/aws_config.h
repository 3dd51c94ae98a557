#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace shoestring {

/// The value of a variable; nothing when it is not set or empty.
using Environment = std::function<std::optional<std::string>(const char* name)>;
std::optional<std::string> ProcessEnvironment(const char* name);

/// A file's text; nothing when it cannot be read.
std::optional<std::string> ReadTextFile(const std::string& path);

/// Sections of ~/.aws/config or ~/.aws/credentials, by their names ("profile x"). What is
/// nested, as "s3 =" with "endpoint_url = …" below it, is called "s3.endpoint_url". Pure;
/// lines that say nothing are passed over, as AWS's own tools do.
using AwsSection = std::map<std::string, std::string>;
std::map<std::string, AwsSection> ParseAwsFile(std::string_view text);

/// What AWS's tools are told by environment and shared files.
class AwsConfig {
 public:
  /// Reads the files that AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE name, else
  /// those in ~/.aws. Throws kNotFound when AWS_PROFILE names a profile that none of them
  /// has.
  explicit AwsConfig(Environment environment);

  const Environment& environment() const { return environment_; }
  const std::string& profile() const { return profile_; }

  /// A setting of a profile; what the credentials file says of keys wins.
  std::optional<std::string> Setting(const std::string& profile,
                                     const std::string& name) const;
  bool HasProfile(const std::string& profile) const;

  /// AWS_REGION, AWS_DEFAULT_REGION, the profile's; nothing when none says.
  std::optional<std::string> Region() const;
  /// AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL and the profile's, for "s3".
  std::optional<std::string> Endpoint(const std::string& service) const;
  /// AWS_CA_BUNDLE or the profile's ca_bundle; empty: the machine's.
  std::string CaBundle() const;

 private:
  Environment environment_;
  std::string profile_;
  std::map<std::string, AwsSection> config_;
  std::map<std::string, AwsSection> credentials_;
};

}  // namespace shoestring
