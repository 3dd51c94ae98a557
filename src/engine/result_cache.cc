#include "engine/result_cache.h"

#include <arrow/api.h>
#include <arrow/io/memory.h>
#include <arrow/ipc/reader.h>
#include <arrow/ipc/writer.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "base/bytes.h"
#include "base/checksum.h"
#include "base/error.h"
#include "base/user_folders.h"

namespace shoestring {

namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using std::chrono::system_clock;

constexpr const char* kEntryEnd = ".answer";
constexpr const char* kUnfinishedEnd = ".part";
constexpr mode_t kOwnerOnly = 0600;
constexpr size_t kPiece = 1 << 18;
// What a process that was killed left unfinished is nobody's after this time.
constexpr std::chrono::hours kForgotten{1};

/// What a file ends with, little-endian, after the stream and the key.
struct Ending {
  int64_t stored_ms = 0;
  uint64_t key_bytes = 0;
  Uint128 checksum = 0;  ///< Of all bytes before it.
  std::array<char, 8> magic = {'S', 'H', 'O', 'E', 'A', 'N', 'S', '1'};
};
constexpr size_t kBeforeChecksum = 16;
constexpr size_t kEndingBytes = 40;
static_assert(std::endian::native == std::endian::little);

std::string Encode(const Ending& ending) {
  std::string bytes;
  const auto append = [&](const auto& field) {
    bytes.append(reinterpret_cast<const char*>(&field), sizeof(field));
  };
  append(ending.stored_ms);
  append(ending.key_bytes);
  append(ending.checksum);
  append(ending.magic);
  return bytes;
}

Ending DecodeEnding(std::string_view bytes) {
  Ending ending;
  const auto take = [&](auto* field) {
    std::memcpy(field, bytes.data(), sizeof(*field));
    bytes.remove_prefix(sizeof(*field));
  };
  take(&ending.stored_ms);
  take(&ending.key_bytes);
  take(&ending.checksum);
  take(&ending.magic);
  return ending;
}

int64_t NowMs() {
  return std::chrono::duration_cast<milliseconds>(system_clock::now().time_since_epoch())
      .count();
}

/// Takes bytes into a file, and into a checksum of them.
class FileStream : public arrow::io::OutputStream {
 public:
  FileStream(int fd, int64_t most) : fd_(fd), most_(most) {}
  ~FileStream() override { close(fd_); }

  arrow::Status Write(const void* data, int64_t bytes) override {
    position_ += bytes;
    if (position_ > most_) return arrow::Status::CapacityError("too large to keep");
    buffer_.append(static_cast<const char*>(data), static_cast<size_t>(bytes));
    return buffer_.size() < kPiece ? arrow::Status::OK() : Flush();
  }

  arrow::Status Flush() override {
    checksum_.Append(AsBytes(buffer_));
    std::string_view left = buffer_;
    while (!left.empty()) {
      const ssize_t written = write(fd_, left.data(), left.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return arrow::Status::IOError(std::strerror(errno));
      left.remove_prefix(static_cast<size_t>(written));
    }
    buffer_.clear();
    return arrow::Status::OK();
  }

  arrow::Status Close() override {
    closed_ = true;
    return Flush();
  }
  arrow::Result<int64_t> Tell() const override { return position_; }
  bool closed() const override { return closed_; }

  /// Of all bytes so far, once they are flushed.
  Uint128 checksum() const { return checksum_.Value(); }

 private:
  const int fd_;
  const int64_t most_;
  int64_t position_ = 0;
  bool closed_ = false;
  std::string buffer_;
  Checksum checksum_;
};

/// The whole of a file that is this user's; nothing for any other.
std::shared_ptr<arrow::Buffer> ReadWhole(const std::string& path, int64_t most) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (fd < 0) return nullptr;
  struct stat info {};
  std::shared_ptr<arrow::Buffer> whole;
  if (fstat(fd, &info) == 0 && S_ISREG(info.st_mode) && info.st_uid == geteuid() &&
      info.st_size <= most) {
    auto buffer = arrow::AllocateBuffer(info.st_size);
    if (buffer.ok() && pread(fd, (*buffer)->mutable_data(),
                             static_cast<size_t>(info.st_size), 0) == info.st_size) {
      whole = *std::move(buffer);
      futimens(fd, nullptr);  // It was used.
    }
  }
  close(fd);
  return whole;
}

struct Checked {
  std::shared_ptr<arrow::Buffer> stream;
  int64_t stored_ms = 0;
};

/// The stream of a file that is as it was written, and answers this key.
std::optional<Checked> CheckEntry(const std::shared_ptr<arrow::Buffer>& whole,
                                  const std::string& key) {
  const std::string_view bytes(*whole);
  if (bytes.size() < kEndingBytes + key.size()) return std::nullopt;
  const size_t ending_at = bytes.size() - kEndingBytes;
  const Ending ending = DecodeEnding(bytes.substr(ending_at));
  Checksum checksum;
  checksum.Append(AsBytes(bytes.substr(0, ending_at + kBeforeChecksum)));
  const size_t stream_bytes = ending_at - key.size();
  const bool good = ending.magic == Ending().magic && ending.key_bytes == key.size() &&
                    ending.checksum == checksum.Value() &&
                    bytes.substr(stream_bytes, key.size()) == key;
  if (!good) return std::nullopt;
  return Checked{arrow::SliceBuffer(whole, 0, static_cast<int64_t>(stream_bytes)),
                 ending.stored_ms};
}

std::optional<ResultCache::Answer> Decode(const Checked& entry) {
  ResultCache::Answer answer;
  auto reader = arrow::ipc::RecordBatchStreamReader::Open(
      std::make_shared<arrow::io::BufferReader>(entry.stream));
  if (!reader.ok()) return std::nullopt;
  auto batches = (*reader)->ToRecordBatches();
  if (!batches.ok()) return std::nullopt;
  answer.schema = (*reader)->schema();
  answer.batches = *std::move(batches);
  answer.age = milliseconds(std::max<int64_t>(0, NowMs() - entry.stored_ms));
  return answer;
}

/// Lets one process, or thread, at a time add to a folder.
class FolderLock {
 public:
  explicit FolderLock(const std::string& folder)
      : fd_(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
    while (fd_ >= 0 && flock(fd_, LOCK_EX) != 0 && errno == EINTR) {
    }
  }
  ~FolderLock() {
    if (fd_ >= 0) close(fd_);
  }
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

 private:
  const int fd_;
};

}  // namespace

class ResultCache::FileWriter : public ResultCache::Writer {
 public:
  FileWriter(const ResultCache* cache, std::string key,
             const std::shared_ptr<arrow::Schema>& schema)
      : cache_(cache), key_(std::move(key)) {
    static std::atomic<int64_t> count = 0;
    path_ = fmt::format("{}.{}-{}{}", cache_->PathOf(key_), getpid(), ++count,
                        kUnfinishedEnd);
    const int fd = open(path_.c_str(),
                        O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, kOwnerOnly);
    if (fd < 0) return;
    stream_ = std::make_shared<FileStream>(fd, cache_->bounds_.entry_bytes);
    auto writer = arrow::ipc::MakeStreamWriter(stream_, schema);
    if (writer.ok()) writer_ = *std::move(writer);
  }
  ~FileWriter() override {
    if (stream_) unlink(path_.c_str());
  }
  FileWriter(const FileWriter&) = delete;
  FileWriter& operator=(const FileWriter&) = delete;

  void Write(const arrow::RecordBatch& batch) override {
    if (writer_ && !writer_->WriteRecordBatch(batch).ok()) writer_.reset();
  }

  void Finish() override {
    if (!writer_ || !WriteEnding().ok()) return;
    const FolderLock lock(cache_->folder_);
    cache_->MakeRoom(*stream_->Tell());
    const std::string path = cache_->PathOf(key_);
    if (std::rename(path_.c_str(), path.c_str()) == 0) stream_.reset();
  }

 private:
  arrow::Status WriteEnding() {
    ARROW_RETURN_NOT_OK(writer_->Close());
    Ending ending{.stored_ms = NowMs(), .key_bytes = key_.size()};
    const std::string unchecked = Encode(ending);
    ARROW_RETURN_NOT_OK(stream_->Write(key_.data(), static_cast<int64_t>(key_.size())));
    ARROW_RETURN_NOT_OK(stream_->Write(unchecked.data(), kBeforeChecksum));
    ARROW_RETURN_NOT_OK(stream_->Flush());
    ending.checksum = stream_->checksum();
    const std::string checked = Encode(ending).substr(kBeforeChecksum);
    ARROW_RETURN_NOT_OK(
        stream_->Write(checked.data(), static_cast<int64_t>(checked.size())));
    return stream_->Flush();
  }

  const ResultCache* const cache_;
  const std::string key_;
  std::string path_;
  std::shared_ptr<FileStream> stream_;
  std::shared_ptr<arrow::ipc::RecordBatchWriter> writer_;  ///< Unless it has failed.
};

ResultCache::ResultCache(std::string folder, Bounds bounds)
    : folder_(std::move(folder)), bounds_(bounds) {
  MakePrivateFolder(folder_);
}

std::string ResultCache::PathOf(const std::string& key) const {
  return fmt::format("{}/{}{}", folder_, ChecksumOf(key), kEntryEnd);
}

std::optional<ResultCache::Answer> ResultCache::Find(const std::string& key) const {
  const std::string path = PathOf(key);
  const auto whole = ReadWhole(path, bounds_.entry_bytes);
  if (!whole) return std::nullopt;
  const auto entry = CheckEntry(whole, key);
  auto answer = entry ? Decode(*entry) : std::nullopt;
  if (!answer) unlink(path.c_str());
  return answer;
}

std::unique_ptr<ResultCache::Writer> ResultCache::Begin(
    std::string key, const std::shared_ptr<arrow::Schema>& schema) const {
  return std::make_unique<FileWriter>(this, std::move(key), schema);
}

/// For one entry more of so many bytes.
void ResultCache::MakeRoom(int64_t bytes) const {
  struct Entry {
    fs::file_time_type used;
    fs::path path;
    int64_t bytes = 0;
  };
  std::vector<Entry> entries;
  std::error_code failed;
  for (const auto& file : fs::directory_iterator(folder_, failed)) {
    const Entry entry{file.last_write_time(failed), file.path(),
                      static_cast<int64_t>(file.file_size(failed))};
    if (failed) continue;  // It has just gone.
    if (entry.path.extension() == kEntryEnd) entries.push_back(entry);
    const auto age = fs::file_time_type::clock::now() - entry.used;
    if (entry.path.extension() == kUnfinishedEnd && age > kForgotten) {
      fs::remove(entry.path, failed);
    }
  }
  std::ranges::sort(entries, {}, &Entry::used);
  int64_t held = bytes;
  for (const Entry& entry : entries) held += entry.bytes;
  auto left = static_cast<int64_t>(entries.size()) + 1;
  for (const Entry& entry : entries) {
    if (held <= bounds_.bytes && left <= bounds_.entries) return;
    fs::remove(entry.path, failed);
    held -= entry.bytes;
    --left;
  }
}

}  // namespace shoestring
