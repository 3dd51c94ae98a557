#include "lake/folder_store.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <iterator>
#include <random>
#include <thread>
#include <utility>

#include "base/checksum.h"
#include "base/error.h"
#include "lake/table_metadata.h"

namespace shoestring {

namespace {

constexpr std::string_view kTemporaryFolder = "runs/tmp";
constexpr std::string_view kLockKey = "runs/lock";
constexpr std::chrono::seconds kLockTimeout(30);
constexpr size_t kWriteBuffer = 256 << 10;
/// Others may remove a folder that became empty just before something is put into it;
/// then it is made again.
constexpr int kAttempts = 100;

void CheckKey(std::string_view key) {
  if (!IsObjectKey(key)) {
    throw Fail(ErrorKind::kInvalidArgument, "Not a key of an object: '{}'", key);
  }
}

Error FailContended(std::string_view key) {
  return Fail(ErrorKind::kUnavailable, "Folders kept disappearing while writing: {}",
              key);
}

std::string RandomName() {
  thread_local std::random_device device;
  return fmt::format("{:08x}{:08x}", device(), device());
}

std::string ContentEtag(std::string_view content) { return "x" + ChecksumOf(content); }

std::string StatEtag(const struct stat& info) {
  return fmt::format("s{:x}-{:x}-{:x}-{:x}", info.st_size, info.st_mtim.tv_sec,
                     info.st_mtim.tv_nsec, info.st_ino);
}

/// Binds a read to one version, as ReadRange() says.
void CheckEtag(int fd, std::string_view key, std::string* etag) {
  struct stat info;
  if (fstat(fd, &info) != 0) throw FailSystem("read", key, errno);
  const std::string found = StatEtag(info);
  if (etag->empty()) *etag = found;
  if (*etag == found) return;
  throw Fail(ErrorKind::kConflict, "Object was replaced while it was read: {}", key);
}

std::string ReadWhole(int fd, std::string_view key) {
  struct stat info;
  if (fstat(fd, &info) != 0) throw FailSystem("read", key, errno);
  std::string content(static_cast<size_t>(info.st_size), '\0');
  const size_t size =
      ReadAt(fd, 0, {reinterpret_cast<uint8_t*>(content.data()), content.size()}, key);
  content.resize(size);
  return content;
}

/// Removes the folders above a key that are empty, but none right below the root.
void RemoveEmptyFolders(int root, std::string_view key) {
  while (true) {
    const size_t slash = key.rfind('/');
    if (slash == std::string_view::npos) return;
    key = key.substr(0, slash);
    if (key.find('/') == std::string_view::npos) return;
    const auto parent = OpenParent(root, key, MissingFolders::kFail);
    if (parent && unlinkat(parent->fd.get(), parent->name.c_str(), AT_REMOVEDIR) != 0 &&
        errno != ENOENT) {
      return;
    }
  }
}

/// Gives a file that is written its final name. False when the file, or the folder that
/// it should go to, went away meanwhile.
bool Rename(int root, const OpenFolder& from, std::string_view key) {
  const auto to = OpenParent(root, key, MissingFolders::kCreate);
  if (!to) return false;
  if (renameat(from.fd.get(), from.name.c_str(), to->fd.get(), to->name.c_str()) != 0) {
    if (errno == ENOENT) return false;
    throw FailSystem("write", key, errno);
  }
  return true;
}

/// A new file of a name of its own; removed again unless it is kept.
class NewFile {
 public:
  NewFile(int root, std::string_view folder) : root_(root) {
    for (int attempt = 0; attempt < kAttempts; ++attempt) {
      key_ = fmt::format("{}/{}", folder, RandomName());
      auto parent = OpenParent(root, key_, MissingFolders::kCreate);
      if (!parent) continue;
      folder_ = *std::move(parent);
      fd_ = FileDescriptor(openat(folder_.fd.get(), folder_.name.c_str(),
                                  O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                                  0666));
      if (fd_) return;
      if (errno != ENOENT && errno != EEXIST) throw FailSystem("write", key_, errno);
    }
    throw FailContended(key_);
  }

  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;

  ~NewFile() {
    if (kept_) return;
    unlinkat(folder_.fd.get(), folder_.name.c_str(), 0);
    try {
      RemoveEmptyFolders(root_, key_);
    } catch (const std::exception&) {
      // Nothing but an empty folder stays behind.
    }
  }

  int fd() const { return fd_.get(); }
  const std::string& key() const { return key_; }
  const OpenFolder& folder() const { return folder_; }
  void Keep() { kept_ = true; }

  /// Some file systems tell only now that the disk was full.
  void Close() {
    if (close(fd_.Release()) != 0 && errno != EINTR) {
      throw FailSystem("write", key_, errno);
    }
  }

 private:
  int root_;
  std::string key_;
  OpenFolder folder_;
  FileDescriptor fd_;
  bool kept_ = false;
};

class FolderWriter final : public ObjectWriter {
 public:
  FolderWriter(int root, std::string_view key, std::string_view run,
               std::function<void(const StagedObject&)> finished)
      : key_(key),
        file_(root, fmt::format("runs/{}/staging", run)),
        finished_(std::move(finished)) {}

  void Append(Bytes bytes) override {
    size_ += static_cast<int64_t>(bytes.size());
    if (buffer_.size() + bytes.size() > kWriteBuffer) Flush();
    if (bytes.size() > kWriteBuffer) {
      WriteAll(file_.fd(), bytes, key_);
    } else {
      buffer_.append(AsText(bytes));
    }
  }

  StagedObject Finish() && override {
    Flush();
    BeginSync(file_.fd());
    file_.Close();
    StagedObject object{.key = key_, .size = size_, .token = file_.key()};
    finished_(object);
    file_.Keep();
    return object;
  }

 private:
  void Flush() {
    WriteAll(file_.fd(), AsBytes(buffer_), key_);
    buffer_.clear();
  }

  std::string key_;
  NewFile file_;
  std::string buffer_;
  int64_t size_ = 0;
  std::function<void(const StagedObject&)> finished_;
};

struct CloseFolder {
  void operator()(DIR* folder) const { closedir(folder); }
};

/// Names in a folder, without "." and "..".
std::vector<std::string> NamesIn(int folder, std::string_view key) {
  // Opened anew, since copies of a descriptor share their place in the folder.
  FileDescriptor fd(openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) {
    if (errno == ENOENT) return {};
    throw FailSystem("list", key, errno);
  }
  const std::unique_ptr<DIR, CloseFolder> entries(fdopendir(fd.get()));
  if (!entries) throw FailSystem("list", key, errno);
  fd.Release();
  std::vector<std::string> names;
  errno = 0;
  while (const dirent* entry = readdir(entries.get())) {
    const std::string_view found(entry->d_name);
    if (found != "." && found != "..") names.emplace_back(found);
  }
  if (errno != 0) throw FailSystem("list", key, errno);
  return names;
}

void ListBelow(int root, const std::string& prefix, std::vector<ObjectInfo>* objects) {
  const auto folder = OpenParent(root, prefix, MissingFolders::kFail);
  if (!folder) return;
  for (const std::string& name : NamesIn(folder->fd.get(), prefix)) {
    struct stat info;
    if (fstatat(folder->fd.get(), name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) {
      if (errno == ENOENT) continue;
      throw FailSystem("list", prefix + name, errno);
    }
    if (S_ISDIR(info.st_mode)) ListBelow(root, prefix + name + "/", objects);
    if (S_ISREG(info.st_mode)) {
      objects->push_back({prefix + name, info.st_size, StatEtag(info)});
    }
  }
}

}  // namespace

FolderStore::FolderStore(std::string root) : root_(std::move(root)) {
  root_fd_ = FileDescriptor(open(root_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!root_fd_) throw FailSystem("open the lake", root_, errno);
}

Object FolderStore::Get(std::string_view key) {
  CheckKey(key);
  const auto file = OpenForReading(root_fd_.get(), key);
  if (!file) throw Fail(ErrorKind::kNotFound, "No such object: {}", key);
  Object object{.content = ReadWhole(file->get(), key)};
  object.etag = ContentEtag(object.content);
  counters_.Add({.gets = 1, .bytes_read = static_cast<int64_t>(object.content.size())});
  return object;
}

std::optional<ObjectInfo> FolderStore::Head(std::string_view key) {
  CheckKey(key);
  counters_.Add({.heads = 1});
  const auto info = StatFile(root_fd_.get(), key);
  if (!info) return std::nullopt;
  return ObjectInfo{std::string(key), info->st_size, StatEtag(*info)};
}

void FolderStore::ReadRange(std::string_view key, int64_t offset, std::span<uint8_t> to,
                            std::string* etag) {
  CheckKey(key);
  if (offset < 0) {
    throw Fail(ErrorKind::kInvalidArgument, "Negative offset in {}: {}", key, offset);
  }
  const auto file = OpenForReading(root_fd_.get(), key);
  if (!file) throw Fail(ErrorKind::kNotFound, "No such object: {}", key);
  if (etag != nullptr) CheckEtag(file->get(), key, etag);
  const size_t size = ReadAt(file->get(), offset, to, key);
  if (size < to.size()) {
    throw Fail(ErrorKind::kCorrupt, "Object ends before byte {}: {}",
               static_cast<uint64_t>(offset) + to.size(), key);
  }
  counters_.Add({.gets = 1, .bytes_read = static_cast<int64_t>(size)});
}

std::vector<ObjectInfo> FolderStore::List(std::string_view prefix) {
  if (!prefix.empty()) {
    if (!prefix.ends_with('/')) {
      throw Fail(ErrorKind::kInvalidArgument, "A prefix must end in '/': {}", prefix);
    }
    CheckKey(prefix.substr(0, prefix.size() - 1));
  }
  counters_.Add({.lists = 1});
  std::vector<ObjectInfo> objects;
  ListBelow(root_fd_.get(), std::string(prefix), &objects);
  std::ranges::sort(objects, {}, &ObjectInfo::key);
  return objects;
}

std::unique_ptr<ObjectWriter> FolderStore::Create(std::string_view key,
                                                  std::string_view run) {
  CheckKey(key);
  CheckKey(run);
  const auto finished = [this](const StagedObject& object) {
    MarkUnsynced(object.token);
    counters_.Add({.bytes_written = object.size});
  };
  counters_.Add({.uploads = 1});
  return std::make_unique<FolderWriter>(root_fd_.get(), key, run, finished);
}

int64_t FolderStore::WriterMemory(int writers) const {
  return writers * static_cast<int64_t>(kWriteBuffer);
}

void FolderStore::Publish(const StagedObject& object) {
  CheckKey(object.key);
  CheckKey(object.token);
  counters_.Add({.publishes = 1});
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    const auto staged = OpenParent(root_fd_.get(), object.token, MissingFolders::kFail);
    if (staged && Rename(root_fd_.get(), *staged, object.key)) {
      MarkUnsynced(object.key);
      RemoveEmptyFolders(root_fd_.get(), object.token);
      return;
    }
    if (StatFile(root_fd_.get(), object.token)) continue;
    const auto published = StatFile(root_fd_.get(), object.key);
    // Who published it may have died before it was durable.
    if (published && published->st_size == object.size) return MarkUnsynced(object.key);
    throw Fail(ErrorKind::kNotFound, "What was staged is gone: {} for {}", object.token,
               object.key);
  }
  throw FailContended(object.key);
}

std::vector<StagedObject> FolderStore::Missing(std::span<const StagedObject> objects) {
  // After a power failure a file may be there without its end.
  const auto is_whole = [&](const std::string& key, int64_t size) {
    CheckKey(key);
    const auto file = StatFile(root_fd_.get(), key);
    return file && file->st_size == size;
  };
  std::vector<StagedObject> missing;
  std::ranges::copy_if(objects, std::back_inserter(missing), [&](const auto& object) {
    return !is_whole(object.token, object.size) && !is_whole(object.key, object.size);
  });
  return missing;
}

void FolderStore::DiscardStaged(std::string_view run) {
  CheckKey(run);
  for (const ObjectInfo& object : List(fmt::format("runs/{}/staging/", run))) {
    Delete(object.key);
  }
}

void FolderStore::MarkUnsynced(std::string_view key) {
  MarkFoldersUnsynced(key);
  const std::lock_guard lock(mutex_);
  unsynced_.emplace(key);
}

void FolderStore::MarkFoldersUnsynced(std::string_view key) {
  const std::lock_guard lock(mutex_);
  for (size_t slash = key.rfind('/'); slash != std::string_view::npos;
       slash = key.rfind('/')) {
    key = key.substr(0, slash);
    unsynced_.emplace(key);
  }
  unsynced_.emplace(".");
}

void FolderStore::SyncWritten() {
  // Others wait as long, so that nobody takes for durable what is being made so.
  const std::lock_guard syncing(syncing_);
  // What a disk has lost it says only once.
  if (sync_failure_) std::rethrow_exception(sync_failure_);
  std::set<std::string> written;
  {
    const std::lock_guard lock(mutex_);
    written.swap(unsynced_);
  }
  try {
    SyncTogether(root_fd_.get(), {written.begin(), written.end()});
  } catch (...) {
    sync_failure_ = std::current_exception();
    throw;
  }
}

bool FolderStore::TryPut(std::string_view key, std::string_view content,
                         Durable durable) {
  NewFile file(root_fd_.get(), kTemporaryFolder);
  // Locked as long as somebody writes it: what is not locked was left by the dead.
  while (flock(file.fd(), LOCK_EX) != 0) {
    if (errno != EINTR) throw FailSystem("lock", file.key(), errno);
  }
  WriteAll(file.fd(), AsBytes(content), key);
  // Even if it may be later: who writes many does it side by side, and while the disk has
  // one, the cores have another.
  Sync(file.fd(), key);
  if (durable == Durable::kNow) SyncWritten();
  if (!Rename(root_fd_.get(), file.folder(), key)) return false;
  file.Keep();
  MarkFoldersUnsynced(key);
  if (durable == Durable::kNow) SyncWritten();
  return true;
}

void FolderStore::Put(std::string_view key, std::string_view content) {
  CheckKey(key);
  PutWhole(key, content, Durable::kLater);
}

void FolderStore::PutWhole(std::string_view key, std::string_view content,
                           Durable durable) {
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    if (!TryPut(key, content, durable)) continue;
    counters_.Add({.puts = 1, .bytes_written = static_cast<int64_t>(content.size())});
    return;
  }
  throw FailContended(key);
}

FileDescriptor FolderStore::Lock() {
  const auto parent = OpenParent(root_fd_.get(), kLockKey, MissingFolders::kCreate);
  if (!parent) throw FailContended(kLockKey);
  FileDescriptor lock(openat(parent->fd.get(), parent->name.c_str(),
                             O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0666));
  if (!lock) throw FailSystem("open", kLockKey, errno);
  const auto deadline = std::chrono::steady_clock::now() + kLockTimeout;
  while (flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK && errno != EINTR) throw FailSystem("lock", kLockKey, errno);
    if (std::chrono::steady_clock::now() > deadline) {
      throw Fail(ErrorKind::kUnavailable, "Another process keeps the lake locked: {}/{}",
                 root_, kLockKey);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return lock;
}

void FolderStore::SweepTemporary() {
  const std::string prefix = fmt::format("{}/", kTemporaryFolder);
  const auto folder = OpenParent(root_fd_.get(), prefix, MissingFolders::kFail);
  if (!folder) return;
  for (const std::string& name : NamesIn(folder->fd.get(), prefix)) {
    const FileDescriptor file(openat(folder->fd.get(), name.c_str(),
                                     O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
    if (file && flock(file.get(), LOCK_EX | LOCK_NB) == 0) {
      unlinkat(folder->fd.get(), name.c_str(), 0);
    }
  }
}

bool FolderStore::HasEtag(std::string_view key, const std::optional<std::string>& etag) {
  const auto file = OpenForReading(root_fd_.get(), key);
  if (!file || !etag) return !file && !etag;
  struct stat info;
  if (fstat(file->get(), &info) != 0) throw FailSystem("read", key, errno);
  return *etag == StatEtag(info) || *etag == ContentEtag(ReadWhole(file->get(), key));
}

std::optional<std::string> FolderStore::PutIf(std::string_view key,
                                              std::string_view content,
                                              const std::optional<std::string>& etag) {
  CheckKey(key);
  SyncWritten();  // Most of it before others have to wait.
  const FileDescriptor lock = Lock();
  SweepTemporary();
  if (!HasEtag(key, etag)) return std::nullopt;
  PutWhole(key, content, Durable::kNow);
  return ContentEtag(content);
}

void FolderStore::Delete(std::string_view key) {
  CheckKey(key);
  counters_.Add({.deletes = 1});
  const auto parent = OpenParent(root_fd_.get(), key, MissingFolders::kFail);
  if (!parent) return;
  if (unlinkat(parent->fd.get(), parent->name.c_str(), 0) != 0 && errno != ENOENT &&
      errno != EISDIR) {
    throw FailSystem("delete", key, errno);
  }
  RemoveEmptyFolders(root_fd_.get(), key);
}

void FolderStore::DeleteAll(std::span<const std::string> keys) {
  for (const std::string& key : keys) Delete(key);
}

std::string FolderStore::Uri() const {
  // PyIceberg and DuckDB take what follows "file://" as it is, without decoding %20 and
  // the like, but PyIceberg ends a URI at '?' and '#'. Both read plain paths, too.
  if (root_.find_first_of("?#") != std::string::npos) return root_;
  return "file://" + (root_ == "/" ? "" : root_);
}

StoreStatistics FolderStore::statistics() const { return counters_.Sum(); }

}  // namespace shoestring
