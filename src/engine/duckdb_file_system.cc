#include "engine/duckdb_file_system.h"

#include <duckdb/common/file_opener.hpp>
#include <duckdb/main/client_context.hpp>

#include <algorithm>

namespace shoestring {

namespace {

constexpr const char* kActivityName = "shoestring";

class LakeFileHandle : public duckdb::FileHandle {
 public:
  LakeFileHandle(duckdb::FileSystem& file_system, const std::string& path,
                 duckdb::FileOpenFlags flags, ObjectStore* store,
                 std::shared_ptr<const DataFile> of,
                 std::shared_ptr<const FileChecksums> checksums,
                 duckdb::shared_ptr<QueryActivity> activity)
      : FileHandle(file_system, path, flags),
        file(std::move(of)),
        reader(store, file->key, file->bytes, std::move(checksums)),
        activity(std::move(activity)) {}

  void Close() override {}

  const std::shared_ptr<const DataFile> file;
  CheckedReader reader;  ///< For a store without a cache.
  const duckdb::shared_ptr<QueryActivity> activity;
  duckdb::idx_t position = 0;
};

duckdb::PermissionException NotADataFile(const std::string& path) {
  return duckdb::PermissionException("Not a data file of the lake's tables: %s", path);
}

LakeFileHandle& Ours(duckdb::FileHandle& handle) { return handle.Cast<LakeFileHandle>(); }

}  // namespace

duckdb::shared_ptr<QueryActivity> QueryActivity::Of(duckdb::ClientContext& context) {
  return context.registered_state->Get<QueryActivity>(kActivityName);
}

duckdb::shared_ptr<QueryActivity> QueryActivity::Of(
    duckdb::optional_ptr<duckdb::FileOpener> opener) {
  auto context = duckdb::FileOpener::TryGetClientContext(opener);
  return context ? Of(*context) : nullptr;
}

duckdb::shared_ptr<QueryActivity> QueryActivity::Attach(duckdb::ClientContext& context) {
  return context.registered_state->GetOrCreate<QueryActivity>(kActivityName);
}

void QueryActivity::Continue(const QueryActivity& earlier) {
  const std::scoped_lock lock(mutex_, earlier.mutex_);
  requests_ += earlier.requests_;
  bytes_read_ += earlier.bytes_read_;
  files_.insert(earlier.files_.begin(), earlier.files_.end());
}

void QueryActivity::OpenedFile(const std::string& key) {
  const std::lock_guard lock(mutex_);
  files_.insert(key);
}

void QueryActivity::Read(int64_t bytes) {
  ++requests_;
  bytes_read_ += bytes;
}

void QueryActivity::UsesTable(const TableMetadata& table) {
  const std::lock_guard lock(mutex_);
  if (!tables_.insert(table.name).second) return;
  lake_files_ += static_cast<int64_t>(table.files.size());
  for (const DataFile& file : table.files) lake_bytes_ += file.bytes;
}

void QueryActivity::Failed(const Error& error) {
  const std::lock_guard lock(mutex_);
  if (!failure_) failure_ = error;
}

void QueryActivity::Follow(std::shared_ptr<ReadAhead> scan) {
  {
    const std::lock_guard lock(mutex_);
    if (read_ahead_stopped_) return;
    scans_.push_back(scan);
  }
  scan->Start();
}

void QueryActivity::Reached(const std::string& key, int64_t offset) {
  std::unique_lock lock(mutex_);
  const auto scans = scans_;
  lock.unlock();
  for (const auto& scan : scans) scan->Reached(key, offset);
}

void QueryActivity::StopReadAhead() {
  std::unique_lock lock(mutex_);
  read_ahead_stopped_ = true;
  const auto scans = std::exchange(scans_, {});
  lock.unlock();
  for (const auto& scan : scans) scan->Stop();
}

void QueryActivity::FillIn(QueryStatistics* statistics) const {
  const std::lock_guard lock(mutex_);
  statistics->files = static_cast<int64_t>(files_.size());
  statistics->requests = requests_;
  statistics->bytes_read = bytes_read_;
  statistics->lake_files = lake_files_;
  statistics->lake_bytes = lake_bytes_;
}

std::optional<Error> QueryActivity::failure() const {
  const std::lock_guard lock(mutex_);
  return failure_;
}

void LakeFileSystem::Declare(std::shared_ptr<const DataFile> file) {
  const std::lock_guard lock(mutex_);
  files_[PathOf(*file)].file = file;
}

std::optional<LakeFileSystem::DeclaredFile> LakeFileSystem::Find(
    const std::string& path) const {
  const std::lock_guard lock(mutex_);
  const auto found = files_.find(path);
  if (found == files_.end()) return std::nullopt;
  return found->second;
}

void LakeFileSystem::Keep(const std::string& path,
                          std::shared_ptr<const FileChecksums> checksums) {
  const std::lock_guard lock(mutex_);
  files_[path].checksums = std::move(checksums);
}

duckdb::unique_ptr<duckdb::FileHandle> LakeFileSystem::OpenFile(
    const std::string& path, duckdb::FileOpenFlags flags,
    duckdb::optional_ptr<duckdb::FileOpener> opener) {
  if (flags.OpenForWriting() || flags.OpenForAppending()) {
    throw duckdb::PermissionException("Queries cannot write to the lake: %s", path);
  }
  auto file = Find(path);
  if (!file) {
    if (flags.ReturnNullIfNotExists()) return nullptr;
    throw NotADataFile(path);
  }
  auto handle = duckdb::make_uniq<LakeFileHandle>(
      *this, path, flags, store_, std::move(file->file), std::move(file->checksums),
      QueryActivity::Of(opener));
  if (handle->activity) handle->activity->OpenedFile(handle->file->key);
  return handle;
}

void LakeFileSystem::Read(duckdb::FileHandle& handle, void* buffer, int64_t bytes,
                          duckdb::idx_t location) {
  LakeFileHandle& file = Ours(handle);
  const std::span<uint8_t> to(static_cast<uint8_t*>(buffer), static_cast<size_t>(bytes));
  const auto offset = static_cast<int64_t>(location);
  const auto on_request = [&file](int64_t read) {
    if (file.activity) file.activity->Read(read);
  };
  try {
    if (cache_) {
      if (file.activity) file.activity->Reached(file.file->key, offset);
      cache_->Read(*file.file, offset, to, on_request);
      return;
    }
    const bool first = file.reader.checksums() == nullptr;
    file.reader.Read(offset, to, on_request);
    if (first) Keep(file.path, file.reader.checksums());
  } catch (const Error& error) {
    if (file.activity) file.activity->Failed(error);
    throw duckdb::IOException("%s", std::string(error.what()));
  }
}

int64_t LakeFileSystem::Read(duckdb::FileHandle& handle, void* buffer, int64_t bytes) {
  LakeFileHandle& file = Ours(handle);
  const int64_t left = file.file->bytes - static_cast<int64_t>(file.position);
  const int64_t count = std::clamp<int64_t>(left, 0, bytes);
  if (count > 0) Read(handle, buffer, count, file.position);
  file.position += static_cast<duckdb::idx_t>(count);
  return count;
}

int64_t LakeFileSystem::GetFileSize(duckdb::FileHandle& handle) {
  return Ours(handle).file->bytes;
}

// Data files are never changed once written, so one tag serves the caches for ever.
duckdb::timestamp_t LakeFileSystem::GetLastModifiedTime(duckdb::FileHandle& handle) {
  return duckdb::timestamp_t(1);
}

std::string LakeFileSystem::GetVersionTag(duckdb::FileHandle& handle) {
  return Ours(handle).file->key;
}

duckdb::FileType LakeFileSystem::GetFileType(duckdb::FileHandle& handle) {
  return duckdb::FileType::FILE_TYPE_REGULAR;
}

bool LakeFileSystem::FileExists(const std::string& path,
                                duckdb::optional_ptr<duckdb::FileOpener> opener) {
  return Find(path).has_value();
}

duckdb::vector<duckdb::OpenFileInfo> LakeFileSystem::Glob(const std::string& path,
                                                          duckdb::FileOpener* opener) {
  if (!Find(path)) throw NotADataFile(path);
  return {duckdb::OpenFileInfo(path)};
}

bool LakeFileSystem::CanHandleFile(const std::string& path) {
  return path.starts_with(kPrefix);
}

void LakeFileSystem::Seek(duckdb::FileHandle& handle, duckdb::idx_t location) {
  Ours(handle).position = location;
}

void LakeFileSystem::Reset(duckdb::FileHandle& handle) { Ours(handle).position = 0; }

duckdb::idx_t LakeFileSystem::SeekPosition(duckdb::FileHandle& handle) {
  return Ours(handle).position;
}

}  // namespace shoestring
