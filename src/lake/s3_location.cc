#include "lake/s3_location.h"

#include <algorithm>
#include <array>

#include "base/error.h"
#include "base/http_client.h"
#include "lake/table_metadata.h"

namespace shoestring {

namespace {

constexpr std::string_view kScheme = "s3://";
constexpr std::array<std::string_view, 5> kStorageClasses = {
    "STANDARD", "STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "GLACIER_IR"};

/// A name that can be a part of a host's.
bool IsHostPart(std::string_view name) {
  return !name.empty() && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
}

bool IsBucket(std::string_view name) {
  constexpr size_t kShortest = 3;
  constexpr size_t kLongest = 63;
  std::string plain(name);
  std::ranges::replace(plain, '.', '-');
  return name.size() >= kShortest && name.size() <= kLongest && IsHostPart(plain) &&
         plain.front() != '-' && plain.back() != '-';
}

bool IsEndpoint(std::string_view endpoint) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!endpoint.starts_with(scheme)) continue;
    const std::string_view host = endpoint.substr(scheme.size());
    return !host.empty() && host.find_first_of("/?#@ \t\r\n\\") == std::string_view::npos;
  }
  return false;
}

std::string AwsEndpoint(const std::string& region) {
  if (!IsHostPart(region)) {
    throw Fail(ErrorKind::kInvalidArgument,
               "Not the name of a region, such as eu-west-1: '{}'", region);
  }
  return fmt::format("https://s3.{}.amazonaws.com{}", region,
                     region.starts_with("cn-") ? ".cn" : "");
}

bool IsAws(std::string_view endpoint) {
  return endpoint.ends_with(".amazonaws.com") || endpoint.ends_with(".amazonaws.com.cn");
}

}  // namespace

std::string S3Location::Uri() const {
  std::string uri = std::string(kScheme) + bucket;
  if (!prefix.empty()) uri += "/" + prefix.substr(0, prefix.size() - 1);
  return uri;
}

S3Location ParseS3Uri(std::string_view uri) {
  std::string_view rest = uri;
  if (rest.starts_with(kScheme)) rest.remove_prefix(kScheme.size());
  const size_t slash = std::min(rest.find('/'), rest.size());
  S3Location location{.bucket = std::string(rest.substr(0, slash))};
  std::string_view prefix = rest.substr(std::min(slash + 1, rest.size()));
  if (prefix.ends_with('/')) prefix.remove_suffix(1);
  if (!IsBucket(location.bucket)) {
    throw Fail(ErrorKind::kInvalidArgument,
               "Not a lake, since the name of a bucket has 3 to 63 of a-z, 0-9, '-' and "
               "'.'; give s3://BUCKET[/PREFIX]: '{}'",
               uri);
  }
  if (!prefix.empty() && !IsObjectKey(prefix)) {
    throw Fail(ErrorKind::kInvalidArgument,
               "Not a lake, since its prefix has empty parts, '.' or '..'; give "
               "s3://BUCKET[/PREFIX]: '{}'",
               uri);
  }
  if (!prefix.empty()) location.prefix = std::string(prefix) + "/";
  return location;
}

S3Address AddressOf(const std::string& bucket, const std::string& region,
                    const std::string& endpoint, bool path_style) {
  std::string server = endpoint.empty() ? AwsEndpoint(region) : endpoint;
  while (server.ends_with('/')) server.pop_back();
  if (!IsEndpoint(server)) {
    throw Fail(ErrorKind::kInvalidArgument,
               "Not an endpoint, give http[s]://HOST[:PORT]: '{}'", endpoint);
  }
  if (path_style || !IsAws(server) || !IsHostPart(bucket)) {
    return {server, "/" + UriEncode(bucket, /*keep_slash=*/false) + "/"};
  }
  const size_t host = server.find("://") + 3;
  return {server.substr(0, host) + bucket + "." + server.substr(host), "/"};
}

void CheckS3Options(const S3Options& options) {
  const auto refuse = [](std::string_view what, std::string_view value,
                         std::string_view those) {
    throw Fail(ErrorKind::kInvalidArgument, "Not {}, give {}: '{}'", what, those, value);
  };
  const std::string& storage = options.storage_class;
  if (storage == "GLACIER" || storage == "DEEP_ARCHIVE") {
    throw Fail(
        ErrorKind::kUnsupported,
        "Objects of this storage class cannot be read until they are restored, and "
        "Athena leaves them out without a word: rows vanish from answers. Way "
        "out: GLACIER_IR, which costs about the same and is read at once: {}",
        storage);
  }
  if (!storage.empty() &&
      std::ranges::find(kStorageClasses, storage) == kStorageClasses.end()) {
    refuse("a storage class", storage,
           fmt::format("{}", fmt::join(kStorageClasses, ", ")));
  }
  const std::string& encryption = options.encryption;
  if (!encryption.empty() && encryption != "AES256" && encryption != "aws:kms") {
    refuse("an encryption", encryption, "AES256 or aws:kms");
  }
  if (!options.kms_key.empty() && encryption == "AES256") {
    throw Fail(ErrorKind::kInvalidArgument,
               "A KMS key needs the encryption aws:kms, not AES256: {}", options.kms_key);
  }
}

}  // namespace shoestring
