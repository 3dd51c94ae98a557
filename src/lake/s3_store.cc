#include "lake/s3_store.h"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <set>

#include "base/digest.h"
#include "base/error.h"
#include "lake/table_metadata.h"

namespace shoestring {

namespace {

constexpr std::string_view kData = "data/";
constexpr size_t kMostDeleted = 1000;  ///< By one DeleteObjects.
constexpr std::chrono::seconds kCompletionSilence(25);

void CheckKey(std::string_view key) {
  if (!IsObjectKey(key)) {
    throw Fail(ErrorKind::kInvalidArgument, "Not a key of an object: '{}'", key);
  }
}

void CheckPrefix(std::string_view prefix) {
  if (prefix.empty()) return;
  if (!prefix.ends_with('/')) {
    throw Fail(ErrorKind::kInvalidArgument, "A prefix must end in '/': {}", prefix);
  }
  CheckKey(prefix.substr(0, prefix.size() - 1));
}

std::string Quoted(std::string_view etag) { return fmt::format("\"{}\"", etag); }

Error NotFound(std::string_view key) {
  return Fail(ErrorKind::kNotFound, "No such object: {}", key);
}

int64_t ContentLength(const S3Reply& reply, std::string_view key) {
  const std::string_view text = reply.http.Header("content-length");
  int64_t length = -1;
  std::from_chars(text.data(), text.data() + text.size(), length);
  if (length < 0) throw Fail(ErrorKind::kCorrupt, "S3 gives no size of: {}", key);
  return length;
}

/// Throws unless the answer is the range that was asked for.
void CheckRange(const S3Reply& reply, std::string_view key, int64_t offset, size_t size) {
  if (reply.http.status == 416 || reply.http.received < static_cast<int64_t>(size)) {
    throw Fail(ErrorKind::kCorrupt, "Object ends before byte {}: {}",
               static_cast<uint64_t>(offset) + size, key);
  }
  const std::string expected =
      fmt::format("bytes {}-{}/", offset, static_cast<uint64_t>(offset) + size - 1);
  if (!reply.http.Header("content-range").starts_with(expected)) {
    throw Fail(ErrorKind::kCorrupt, "S3 answers with another range than {} of: {}",
               expected, key);
  }
}

/// The longest prefix of their keys that ends in '/'.
std::string FolderOfAll(std::span<const StagedObject> objects) {
  std::string_view common = objects.front().key;
  for (const StagedObject& object : objects) {
    const auto end = std::ranges::mismatch(common, object.key).in1;
    common = common.substr(0, static_cast<size_t>(end - common.begin()));
  }
  return std::string(common.substr(0, common.rfind('/') + 1));
}

bool IsOfRun(std::string_view key, std::string_view run) {
  const size_t slash = key.rfind('/');
  const std::string_view name =
      key.substr(slash == std::string_view::npos ? 0 : slash + 1);
  return name.size() > run.size() && name.starts_with(run) && name[run.size()] == '-';
}

}  // namespace

S3Store::S3Store(S3Location location, S3Options options, const Environment& environment)
    : connection_(std::move(location), std::move(options), environment) {}

Object S3Store::Get(std::string_view key) {
  CheckKey(key);
  S3Reply reply = connection_.Send(
      {.what = "read", .key = std::string(key), .count = &StoreStatistics::gets}, {404});
  if (!reply.ok()) throw NotFound(key);
  std::string etag = reply.Etag();
  return {.content = std::move(reply.http.body), .etag = std::move(etag)};
}

std::optional<ObjectInfo> S3Store::Head(std::string_view key) {
  CheckKey(key);
  const S3Reply reply = connection_.Send({.what = "look at",
                                          .method = "HEAD",
                                          .key = std::string(key),
                                          .count = &StoreStatistics::heads},
                                         {404});
  if (!reply.ok()) return std::nullopt;
  return ObjectInfo{std::string(key), ContentLength(reply, key), reply.Etag()};
}

void S3Store::ReadRange(std::string_view key, int64_t offset, std::span<uint8_t> to,
                        std::string* etag) {
  CheckKey(key);
  if (offset < 0) {
    throw Fail(ErrorKind::kInvalidArgument, "Negative offset in {}: {}", key, offset);
  }
  if (to.empty()) {
    const auto info = Head(key);
    if (!info) throw NotFound(key);
    return;
  }
  S3Request request{
      .what = "read",
      .key = std::string(key),
      .headers = {{"range", fmt::format("bytes={}-{}", offset,
                                        static_cast<uint64_t>(offset) + to.size() - 1)}},
      .to = to,
      .count = &StoreStatistics::gets};
  const bool bound = etag != nullptr && !etag->empty();
  if (bound) request.headers.emplace_back("if-match", Quoted(*etag));
  const S3Reply reply = connection_.Send(request, {404, 412, 416});
  if (reply.http.status == 404) throw NotFound(key);
  if (reply.http.status == 412 || (bound && reply.ok() && reply.Etag() != *etag)) {
    throw Fail(ErrorKind::kConflict, "Object was replaced while it was read: {}", key);
  }
  CheckRange(reply, key, offset, to.size());
  if (etag != nullptr) *etag = reply.Etag();
}

std::vector<ObjectInfo> S3Store::List(std::string_view prefix) {
  CheckPrefix(prefix);
  const std::string& root = connection_.location().prefix;
  HttpPairs query = {{"list-type", "2"}, {"encoding-type", "url"}};
  query.emplace_back("prefix", root + std::string(prefix));
  const size_t fixed = query.size();
  std::vector<ObjectInfo> objects;
  while (true) {
    const S3Reply reply = connection_.Send(
        {.what = "list", .query = query, .count = &StoreStatistics::lists});
    S3Page page = ParseS3Page(reply.http.body);
    for (ObjectInfo& object : page.objects) {
      if (!object.key.starts_with(root)) continue;
      object.key.erase(0, root.size());
      // Consoles make empty objects that stand for folders; they are none of ours.
      if (IsObjectKey(object.key)) objects.push_back(std::move(object));
    }
    if (page.next.empty()) break;
    query.resize(fixed);
    query.emplace_back("continuation-token", page.next);
  }
  std::ranges::sort(objects, {}, &ObjectInfo::key);
  return objects;
}

/// What storage class and encryption an object gets.
HttpPairs S3Store::KeptAs(std::string_view key) const {
  const S3Options& options = connection_.options();
  HttpPairs headers;
  if (!options.encryption.empty() || !options.kms_key.empty()) {
    headers.emplace_back("x-amz-server-side-encryption",
                         options.kms_key.empty() ? options.encryption : "aws:kms");
  }
  if (!options.kms_key.empty()) {
    headers.emplace_back("x-amz-server-side-encryption-aws-kms-key-id", options.kms_key);
  }
  // The rest is small, read by everyone and soon replaced: other classes would cost more.
  if (!options.storage_class.empty() && key.starts_with(kData)) {
    headers.emplace_back("x-amz-storage-class", options.storage_class);
  }
  return headers;
}

std::unique_ptr<ObjectWriter> S3Store::Create(std::string_view key,
                                              std::string_view run) {
  CheckKey(key);
  CheckKey(run);
  return std::make_unique<S3Writer>(&connection_, &pool_, std::string(key), KeptAs(key));
}

int64_t S3Store::WriterMemory(int writers) const {
  return (writers + static_cast<int64_t>(S3PartPool::kParts)) *
         static_cast<int64_t>(S3Writer::kPartBytes);
}

void S3Store::Publish(const StagedObject& object) {
  CheckKey(object.key);
  const S3Staged staged = ParseS3Token(object.token);
  const std::string body = FormatS3Completion(staged);
  const S3Reply reply =
      connection_.Send({.what = "finish writing",
                        .method = "POST",
                        .key = object.key,
                        .query = {{"uploadId", staged.upload}},
                        .headers = {{"content-type", "application/xml"}},
                        .body = body,
                        .count = &StoreStatistics::publishes,
                        .silence = kCompletionSilence},
                       {404});
  if (reply.ok()) return;
  // It was finished before, perhaps by an attempt whose answer got lost.
  const auto published = Head(object.key);
  if (published && published->size == object.size) return;
  throw Fail(ErrorKind::kNotFound, "What was staged is gone: {}", object.key);
}

std::vector<StagedObject> S3Store::Missing(std::span<const StagedObject> objects) {
  std::set<std::string> waiting;
  if (!objects.empty()) {
    for (S3Upload& upload : ListS3Uploads(&connection_, FolderOfAll(objects))) {
      waiting.insert(std::move(upload.id));
    }
  }
  std::vector<StagedObject> missing;
  std::ranges::copy_if(objects, std::back_inserter(missing), [&](const auto& object) {
    CheckKey(object.key);
    return !waiting.contains(ParseS3Token(object.token).upload) && !Head(object.key);
  });
  return missing;
}

void S3Store::DiscardStaged(std::string_view run) {
  CheckKey(run);
  for (const S3Upload& upload : ListS3Uploads(&connection_, kData)) {
    if (IsOfRun(upload.key, run)) AbortS3Upload(&connection_, upload);
  }
}

void S3Store::Put(std::string_view key, std::string_view content) {
  CheckKey(key);
  connection_.Send({.what = "write",
                    .method = "PUT",
                    .key = std::string(key),
                    .headers = KeptAs(key),
                    .body = content,
                    .count = &StoreStatistics::puts});
}

std::optional<std::string> S3Store::PutIf(std::string_view key, std::string_view content,
                                          const std::optional<std::string>& etag) {
  CheckKey(key);
  S3Request request{.what = "write",
                    .method = "PUT",
                    .key = std::string(key),
                    .headers = KeptAs(key),
                    .body = content,
                    .count = &StoreStatistics::puts};
  if (etag) {
    request.headers.emplace_back("if-match", Quoted(*etag));
  } else {
    request.headers.emplace_back("if-none-match", "*");
  }
  const S3Reply reply = connection_.Send(request, {404, 412});
  if (reply.ok()) return reply.Etag();
  if (!reply.unclear) return std::nullopt;
  // An attempt whose answer got lost may have been the one that was first.
  try {
    Object found = Get(key);
    if (found.content == content) return std::move(found.etag);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::kNotFound) throw;
  }
  return std::nullopt;
}

void S3Store::Delete(std::string_view key) {
  CheckKey(key);
  connection_.Send({.what = "delete",
                    .method = "DELETE",
                    .key = std::string(key),
                    .count = &StoreStatistics::deletes},
                   {404});
}

void S3Store::DeleteBatch(std::span<const std::string> keys) {
  std::string body = "<Delete><Quiet>true</Quiet>";
  for (const std::string& key : keys) {
    body += fmt::format("<Object><Key>{}</Key></Object>",
                        XmlText(connection_.location().prefix + key));
  }
  body += "</Delete>";
  HttpPairs headers = {{"content-type", "application/xml"},
                       {"x-amz-checksum-sha256", Base64Of(Sha256(body))}};
  const std::string md5 = Md5(body);
  if (!md5.empty()) headers.emplace_back("content-md5", Base64Of(md5));
  const S3Reply reply = connection_.Send({.what = "delete objects of",
                                          .method = "POST",
                                          .query = {{"delete", ""}},
                                          .headers = std::move(headers),
                                          .body = body,
                                          .count = &StoreStatistics::deletes});
  // One by one says why, and tries again what is worth it.
  for (const S3DeleteError& failed : ParseS3DeleteErrors(reply.http.body)) {
    const std::string& root = connection_.location().prefix;
    if (!failed.key.starts_with(root)) {
      throw Fail(ErrorKind::kCorrupt, "S3 did not delete what it was not asked to: {}",
                 failed.key);
    }
    Delete(failed.key.substr(root.size()));
  }
}

void S3Store::DeleteAll(std::span<const std::string> keys) {
  std::vector<std::string> batch;
  for (const std::string& key : keys) {
    CheckKey(key);
    if (!FitsXml(key)) {
      Delete(key);
      continue;
    }
    batch.push_back(key);
    if (batch.size() < kMostDeleted) continue;
    DeleteBatch(batch);
    batch.clear();
  }
  if (batch.size() == 1) {
    Delete(batch[0]);
  } else if (!batch.empty()) {
    DeleteBatch(batch);
  }
}

std::string S3Store::Uri() const { return connection_.location().Uri(); }

StoreStatistics S3Store::statistics() const { return connection_.counters().Sum(); }

}  // namespace shoestring
