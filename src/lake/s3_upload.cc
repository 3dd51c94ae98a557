#include "lake/s3_upload.h"

#include <algorithm>
#include <boost/json.hpp>
#include <exception>

#include "base/digest.h"
#include "base/error.h"
#include "base/json.h"

namespace shoestring {

namespace {

namespace json = boost::json;

constexpr size_t kPartsOfASize = 1000;
constexpr std::chrono::seconds kPartSilence(20);

}  // namespace

S3PartPool::~S3PartPool() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
    changed_.notify_all();
  }
  for (std::thread& thread : threads_) thread.join();
}

void S3PartPool::Submit(std::function<void()> part) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return unfinished_ < kParts; });
  ++unfinished_;
  waiting_.push_back(std::move(part));
  if (threads_.size() < kParts && threads_.size() < unfinished_) {
    threads_.emplace_back([this] { Work(); });
  }
  changed_.notify_all();
}

void S3PartPool::Work() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return ending_ || !waiting_.empty(); });
    if (waiting_.empty()) return;
    std::function<void()> part = std::move(waiting_.front());
    waiting_.pop_front();
    lock.unlock();
    part();
    part = nullptr;  // Its bytes go before another takes its place.
    lock.lock();
    --unfinished_;
    changed_.notify_all();
  }
}

std::string FormatS3Token(const S3Staged& staged) {
  json::array parts;
  for (const S3Staged::Part& part : staged.parts) {
    parts.push_back(json::array({part.etag, part.sha256}));
  }
  return json::serialize(json::object{{"upload", staged.upload}, {"parts", parts}});
}

S3Staged ParseS3Token(std::string_view token) {
  const json::value value = ParseJson(token, "staged object");
  const JsonView view(value, "staged object");
  S3Staged staged{.upload = std::string(view["upload"].Text())};
  for (const JsonView& part : view["parts"].Items()) {
    const std::vector<JsonView> both = part.Items();
    if (both.size() != 2) throw Fail(ErrorKind::kCorrupt, "No part: {}", part.path());
    staged.parts.push_back({std::string(both[0].Text()), std::string(both[1].Text())});
  }
  return staged;
}

std::string FormatS3Completion(const S3Staged& staged) {
  std::string xml = "<CompleteMultipartUpload>";
  for (size_t i = 0; i < staged.parts.size(); ++i) {
    xml += fmt::format(
        "<Part><PartNumber>{}</PartNumber><ETag>&quot;{}&quot;</ETag>"
        "<ChecksumSHA256>{}</ChecksumSHA256></Part>",
        i + 1, XmlText(staged.parts[i].etag), XmlText(staged.parts[i].sha256));
  }
  return xml + "</CompleteMultipartUpload>";
}

std::vector<S3Upload> ListS3Uploads(S3Connection* connection, std::string_view prefix) {
  const std::string& root = connection->location().prefix;
  std::vector<S3Upload> uploads;
  HttpPairs query = {{"uploads", ""}, {"encoding-type", "url"}};
  query.emplace_back("prefix", root + std::string(prefix));
  const size_t fixed = query.size();
  while (true) {
    const S3Reply reply = connection->Send({.what = "list the uploads of",
                                            .query = query,
                                            .count = &StoreStatistics::lists});
    S3UploadPage page = ParseS3UploadPage(reply.http.body);
    for (S3Upload& upload : page.uploads) {
      if (!upload.key.starts_with(root)) continue;
      upload.key.erase(0, root.size());
      uploads.push_back(std::move(upload));
    }
    if (!page.more) return uploads;
    query.resize(fixed);
    query.emplace_back("key-marker", page.next.key);
    query.emplace_back("upload-id-marker", page.next.id);
  }
}

void AbortS3Upload(S3Connection* connection, const S3Upload& upload) {
  connection->Send({.what = "give up the upload of",
                    .method = "DELETE",
                    .key = upload.key,
                    .query = {{"uploadId", upload.id}},
                    .count = &StoreStatistics::deletes},
                   {404});
}

struct S3Writer::Parts {
  std::mutex mutex;  ///< For all below.
  std::condition_variable changed;
  std::vector<S3Staged::Part> parts;
  size_t unfinished = 0;
  bool given_up = false;
  std::exception_ptr error;

  void Send(S3Connection* connection, const S3Request& request, size_t number) {
    std::exception_ptr failed;
    std::string etag;
    try {
      const bool skip = [this] {
        const std::lock_guard lock(mutex);
        return given_up || error;
      }();
      if (!skip) etag = connection->Send(request).Etag();
    } catch (...) {
      failed = std::current_exception();
    }
    const std::lock_guard lock(mutex);
    parts[number].etag = std::move(etag);
    if (failed && !error) error = failed;
    --unfinished;
    changed.notify_all();
  }

  void ThrowError() {
    const std::lock_guard lock(mutex);
    if (error) std::rethrow_exception(error);
  }

  void Wait() {
    std::unique_lock lock(mutex);
    changed.wait(lock, [this] { return unfinished == 0; });
  }
};

S3Writer::S3Writer(S3Connection* connection, S3PartPool* pool, std::string key,
                   HttpPairs headers)
    : connection_(connection),
      pool_(pool),
      key_(std::move(key)),
      headers_(std::move(headers)),
      parts_(std::make_shared<Parts>()) {}

S3Writer::~S3Writer() {
  if (finished_) return;
  {
    const std::lock_guard lock(parts_->mutex);
    parts_->given_up = true;
  }
  // A part that arrives after the end would stay behind.
  parts_->Wait();
  try {
    if (!upload_.empty()) AbortS3Upload(connection_, {key_, upload_});
  } catch (const std::exception&) {
    // DiscardStaged() finds it.
  }
}

size_t S3Writer::PartSize() const {
  constexpr size_t kMostDoublings = 9;
  return kPartBytes << std::min(parts_->parts.size() / kPartsOfASize, kMostDoublings);
}

void S3Writer::Begin() {
  HttpPairs headers = headers_;
  headers.emplace_back("x-amz-checksum-algorithm", "SHA256");
  const S3Reply reply = connection_->Send({.what = "begin to write",
                                           .method = "POST",
                                           .key = key_,
                                           .query = {{"uploads", ""}},
                                           .headers = std::move(headers),
                                           .count = &StoreStatistics::uploads});
  upload_ = ParseS3UploadId(reply.http.body);
  if (!reply.unclear) return;
  // An attempt whose answer got lost may have begun one that nobody knows of.
  for (const S3Upload& upload : ListS3Uploads(connection_, key_)) {
    if (upload.key == key_ && upload.id != upload_) AbortS3Upload(connection_, upload);
  }
}

void S3Writer::SendPart() {
  parts_->ThrowError();
  if (upload_.empty()) Begin();
  const std::string sha256 = Sha256(part_);
  size_t number = 0;
  {
    const std::lock_guard lock(parts_->mutex);
    number = parts_->parts.size();
    parts_->parts.push_back({.etag = {}, .sha256 = Base64Of(sha256)});
    ++parts_->unfinished;
  }
  auto body = std::make_shared<std::string>(std::move(part_));
  part_ = std::string();
  pool_->Submit([connection = connection_, parts = parts_, body, number, key = key_,
                 upload = upload_, sha256] {
    parts->Send(
        connection,
        {.what = "write a part of",
         .method = "PUT",
         .key = key,
         .query = {{"partNumber", std::to_string(number + 1)}, {"uploadId", upload}},
         .body = *body,
         .sha256 = sha256,
         .count = &StoreStatistics::parts,
         .silence = kPartSilence},
        number);
  });
}

void S3Writer::Append(Bytes bytes) {
  size_ += static_cast<int64_t>(bytes.size());
  while (!bytes.empty()) {
    const size_t limit = PartSize();
    if (part_.capacity() < limit) part_.reserve(limit);
    const size_t taken = std::min(bytes.size(), limit - part_.size());
    part_.append(AsText(bytes.first(taken)));
    bytes = bytes.subspan(taken);
    if (part_.size() == limit) SendPart();
  }
}

StagedObject S3Writer::Finish() && {
  if (!part_.empty() || parts_->parts.empty()) SendPart();
  parts_->Wait();
  parts_->ThrowError();
  StagedObject object{.key = key_,
                      .size = size_,
                      .token = FormatS3Token({upload_, std::move(parts_->parts)})};
  finished_ = true;
  return object;
}

}  // namespace shoestring
