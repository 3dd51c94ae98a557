#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/aws_config.h"
#include "lake/object_store.h"
#include "lake/s3_connection.h"
#include "lake/s3_upload.h"

namespace shoestring {

/// A lake in a bucket of S3, or of a server that speaks it: it must know conditional
/// writes (If-None-Match, If-Match). docs/s3.md has all that a user decides.
///
/// Create() streams a multipart upload to the object's own key, which nobody sees before
/// Publish() completes it. Memory: 8 MiB a writer, and 2 × 8 MiB of parts on their way,
/// whatever the number of writers; parts grow when an object exceeds 8 GiB. Every write
/// carries a SHA-256 that the server checks; every body is complete, or read again.
///
/// A call that fails is an error within some 10 seconds when the server has never
/// answered, else within 30; InterruptRequests() ends all calls under way.
class S3Store final : public ObjectStore {
 public:
  /// Sends nothing yet. Throws kInvalidArgument, or kUnsupported, for what cannot be.
  S3Store(S3Location location, S3Options options,
          const Environment& environment = ProcessEnvironment);

  Object Get(std::string_view key) override;
  std::optional<ObjectInfo> Head(std::string_view key) override;
  void ReadRange(std::string_view key, int64_t offset, std::span<uint8_t> to,
                 std::string* etag) override;
  std::vector<ObjectInfo> List(std::string_view prefix) override;
  std::unique_ptr<ObjectWriter> Create(std::string_view key,
                                       std::string_view run) override;
  int64_t WriterMemory(int writers) const override;
  /// Doing it again, in another process too, is no error.
  void Publish(const StagedObject& object) override;
  std::vector<StagedObject> Missing(std::span<const StagedObject> objects) override;
  /// Those whose file is named "<run>-…", below data/.
  void DiscardStaged(std::string_view run) override;
  void Put(std::string_view key, std::string_view content) override;
  std::optional<std::string> PutIf(std::string_view key, std::string_view content,
                                   const std::optional<std::string>& etag) override;
  void Delete(std::string_view key) override;
  void DeleteAll(std::span<const std::string> keys) override;
  std::string Uri() const override;
  StoreStatistics statistics() const override;

 private:
  HttpPairs KeptAs(std::string_view key) const;
  void DeleteBatch(std::span<const std::string> keys);

  S3Connection connection_;
  S3PartPool pool_;
};

}  // namespace shoestring
