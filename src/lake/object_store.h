// lake: the folder or bucket itself: objects, layout, Parquet files, Iceberg metadata,
// commits. Knows nothing of Postgres connections or of query engines.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"

namespace shoestring {

struct ObjectInfo {
  std::string key;   ///< Relative to the lake's root, '/' between parts.
  int64_t size = 0;  ///< Bytes.
  std::string etag;  ///< Changes whenever the content does.
};

struct Object {
  std::string content;
  std::string etag;
};

/// A finished object that nobody sees yet under its key.
struct StagedObject {
  std::string key;
  int64_t size = 0;
  std::string token;  ///< The store's own: where the bytes wait.
};

/// Streams one object. Destroyed without Finish(), it leaves nothing behind.
/// Not thread-safe.
class ObjectWriter {
 public:
  virtual ~ObjectWriter() = default;
  virtual void Append(Bytes bytes) = 0;
  /// The object is whole; Publish() makes it visible.
  virtual StagedObject Finish() && = 0;
};

/// What was asked of a store so far: requests by the kinds that S3 charges for, each
/// time that one was sent. A folder counts its calls alike.
struct StoreStatistics {
  int64_t gets = 0;  ///< Objects and ranges of them.
  int64_t heads = 0;
  int64_t puts = 0;       ///< Small objects, whole.
  int64_t uploads = 0;    ///< Large objects begun,
  int64_t parts = 0;      ///< their parts,
  int64_t publishes = 0;  ///< and those made visible.
  int64_t lists = 0;      ///< Pages.
  int64_t deletes = 0;    ///< Of one key or of many, and uploads given up.
  int64_t retries = 0;    ///< Of all these: sent again after a failure.
  int64_t bytes_read = 0;
  int64_t bytes_written = 0;

  StoreStatistics& operator+=(const StoreStatistics& other);
};

/// A lake's objects: a folder or a bucket. Thread-safe. Keys never contain "..", an empty
/// part or a leading '/'; a call with such a key throws kInvalidArgument.
///
/// When PutIf() has returned its etag, all that was written by then is durable; a folder
/// need not keep it through a power failure before.
class ObjectStore {
 public:
  virtual ~ObjectStore() = default;

  /// Throws kNotFound when there is none.
  virtual Object Get(std::string_view key) = 0;
  /// Nothing when there is none.
  virtual std::optional<ObjectInfo> Head(std::string_view key) = 0;
  /// Fills `to` from `offset`. Throws kCorrupt when the object ends before. Several
  /// ranges are of one version with the same `etag` (unless nullptr): empty, it becomes
  /// the object's; else the object must have this one of Head(), List() or ReadRange(),
  /// or kConflict is thrown.
  virtual void ReadRange(std::string_view key, int64_t offset, std::span<uint8_t> to,
                         std::string* etag) = 0;
  /// All objects below a prefix that ends in '/' (or is empty), in order of their keys.
  virtual std::vector<ObjectInfo> List(std::string_view prefix) = 0;

  /// Streams a large object; `run` owns what is staged until it is published.
  virtual std::unique_ptr<ObjectWriter> Create(std::string_view key,
                                               std::string_view run) = 0;
  /// Bytes of memory that so many writers take at once.
  virtual int64_t WriterMemory(int writers) const = 0;
  /// Makes a staged object visible under its key, replacing what was there.
  virtual void Publish(const StagedObject& object) = 0;
  /// Those of `objects` that neither wait any more nor are visible, whole.
  virtual std::vector<StagedObject> Missing(std::span<const StagedObject> objects) = 0;
  /// Drops what Create() staged for a run, by whatever process, and nobody published.
  virtual void DiscardStaged(std::string_view run) = 0;

  /// Writes a small object whole; readers see the old or the new, never a part.
  virtual void Put(std::string_view key, std::string_view content) = 0;
  /// Put() only if the object still has this etag, or, given none, does not exist.
  /// The new etag, or nothing when somebody else was first.
  virtual std::optional<std::string> PutIf(std::string_view key, std::string_view content,
                                           const std::optional<std::string>& etag) = 0;
  /// No error when it does not exist.
  virtual void Delete(std::string_view key) = 0;
  /// Delete() of each, in as few requests as the store can.
  virtual void DeleteAll(std::span<const std::string> keys) = 0;

  /// "file:///data/lake" or "s3://bucket/prefix": what Iceberg metadata names files by.
  virtual std::string Uri() const = 0;
  virtual StoreStatistics statistics() const = 0;
};

/// How to reach S3 and keep objects there; what is empty is as AWS's own tools have it
/// (environment, shared configuration), or the bucket's default. docs/s3.md has the
/// rules.
struct S3Options {
  std::string endpoint;  ///< "https://host[:port]" of a server other than AWS.
  std::string region;
  bool path_style = false;    ///< endpoint/bucket/key even where bucket.endpoint works.
  bool anonymous = false;     ///< Sign nothing: public buckets.
  std::string encryption;     ///< "AES256" or "aws:kms".
  std::string kms_key;        ///< Id or ARN; implies "aws:kms".
  std::string storage_class;  ///< Of objects below data/: "STANDARD_IA", …
};

/// Opens "DIR", "file://DIR" or "s3://BUCKET[/PREFIX]". A folder is created when
/// `create`, else kNotFound.
std::unique_ptr<ObjectStore> OpenObjectStore(std::string_view lake, bool create,
                                             const S3Options& s3 = {});

}  // namespace shoestring
