#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "lake/s3_connection.h"

namespace shoestring {

/// Sends parts of uploads in the background: at most kParts at a time, whatever the
/// number of writers; who has one more waits. Thread-safe.
class S3PartPool {
 public:
  static constexpr size_t kParts = 2;

  S3PartPool() = default;
  S3PartPool(const S3PartPool&) = delete;
  S3PartPool& operator=(const S3PartPool&) = delete;
  /// Waits for what was handed over.
  ~S3PartPool();

  /// `part` must not throw.
  void Submit(std::function<void()> part);

 private:
  void Work();

  std::mutex mutex_;  ///< For all below.
  std::condition_variable changed_;
  std::deque<std::function<void()>> waiting_;
  size_t unfinished_ = 0;  ///< Waiting, or being sent.
  bool ending_ = false;
  std::vector<std::thread> threads_;
};

/// What a finished upload needs to become visible, as StagedObject::token has it.
struct S3Staged {
  struct Part {
    std::string etag;
    std::string sha256;  ///< Base64.
  };
  std::string upload;
  std::vector<Part> parts;
};
std::string FormatS3Token(const S3Staged& staged);
/// Throws kCorrupt.
S3Staged ParseS3Token(std::string_view token);
/// The body of CompleteMultipartUpload.
std::string FormatS3Completion(const S3Staged& staged);

/// Streams an object to where it will be, as a multipart upload that Publish() completes.
/// Holds one part; those on their way are in the pool. A part has 8 MiB, twice as much
/// after each thousand, so that 10,000 of them hold any object.
class S3Writer final : public ObjectWriter {
 public:
  static constexpr size_t kPartBytes = 8 << 20;

  /// `headers` say how the object is kept. Both must outlive the writer.
  S3Writer(S3Connection* connection, S3PartPool* pool, std::string key,
           HttpPairs headers);
  /// Without Finish(), the upload is given up.
  ~S3Writer() override;

  void Append(Bytes bytes) override;
  StagedObject Finish() && override;

 private:
  /// What the parts under way share with the writer.
  struct Parts;
  size_t PartSize() const;
  void Begin();
  void SendPart();

  S3Connection* connection_;
  S3PartPool* pool_;
  const std::string key_;
  const HttpPairs headers_;
  std::string upload_;  ///< Empty before there is something to send.
  std::string part_;
  int64_t size_ = 0;
  bool finished_ = false;
  std::shared_ptr<Parts> parts_;
};

/// The unfinished uploads to keys that begin so.
std::vector<S3Upload> ListS3Uploads(S3Connection* connection, std::string_view prefix);
/// Gives up an upload; none of that name is no error.
void AbortS3Upload(S3Connection* connection, const S3Upload& upload);

}  // namespace shoestring
