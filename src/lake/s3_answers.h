#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lake/object_store.h"

namespace shoestring {

// What S3 answers in XML. Pure: text in, values out. Whatever is not as it should be
// throws kCorrupt, except that ParseS3Error() takes anything.

/// Why a request was refused.
struct S3Error {
  std::string code;     ///< "NoSuchBucket"; empty when the answer has none.
  std::string message;  ///< The server's words.
  std::string region;   ///< Where the bucket is, when the answer says so.
};
S3Error ParseS3Error(std::string_view xml);
/// True for an error that comes with status 200, as it may after a long wait.
bool IsS3Error(std::string_view xml);

/// A page of ListObjectsV2. Keys are whole, not relative to any prefix.
struct S3Page {
  std::vector<ObjectInfo> objects;
  std::string next;  ///< The token that continues; empty on the last page.
};
S3Page ParseS3Page(std::string_view xml);

struct S3Upload {
  std::string key;
  std::string id;
};
/// A page of ListMultipartUploads.
struct S3UploadPage {
  std::vector<S3Upload> uploads;
  bool more = false;
  S3Upload next;  ///< Where the next page begins.
};
S3UploadPage ParseS3UploadPage(std::string_view xml);

/// The id in the answer of CreateMultipartUpload.
std::string ParseS3UploadId(std::string_view xml);

/// What DeleteObjects could not delete.
struct S3DeleteError {
  std::string key;
  S3Error error;
};
std::vector<S3DeleteError> ParseS3DeleteErrors(std::string_view xml);

/// Etags come with and without quotes; kept without.
std::string UnquotedEtag(std::string_view etag);

/// True when XML 1.0 can hold it.
bool FitsXml(std::string_view text);
/// Text with what XML has other uses for escaped.
std::string XmlText(std::string_view text);

}  // namespace shoestring
