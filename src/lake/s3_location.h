#pragma once

#include <string>
#include <string_view>

#include "lake/object_store.h"

namespace shoestring {

/// Which bucket, and where in it: "s3://bucket/a/b" has the prefix "a/b/".
struct S3Location {
  std::string bucket;
  std::string prefix;  ///< Empty, or ends in '/'.

  std::string Uri() const;  ///< Without a '/' at the end.
};

/// Throws kInvalidArgument for what is no "s3://BUCKET[/PREFIX]".
S3Location ParseS3Uri(std::string_view uri);

/// The address of a bucket on a server: origin, and the path before the key.
struct S3Address {
  std::string origin;  ///< "https://bucket.s3.eu-west-1.amazonaws.com".
  std::string path;    ///< "/", or "/bucket/".
};

/// `endpoint` is empty for AWS. The bucket stands in the host's name where that works: on
/// AWS, without dots in it (they do not fit its certificate). Throws kInvalidArgument for
/// an endpoint that is no "http[s]://HOST[:PORT]".
S3Address AddressOf(const std::string& bucket, const std::string& region,
                    const std::string& endpoint, bool path_style);

/// Throws kInvalidArgument for options that are no options, kUnsupported for storage
/// classes whose objects cannot be read at once.
void CheckS3Options(const S3Options& options);

}  // namespace shoestring
