#include "lake/object_store.h"

#include <filesystem>

#include "base/error.h"
#include "lake/catalog.h"
#include "lake/folder_store.h"
#include "lake/s3_store.h"

namespace shoestring {

namespace {

std::unique_ptr<ObjectStore> OpenFolderStore(const std::string& folder, bool create) {
  std::error_code error;
  if (create) std::filesystem::create_directories(folder, error);
  if (error) throw FailSystem("create the lake", folder, error.value());
  const auto root = std::filesystem::canonical(folder, error);
  if (error) {
    if (error.value() != ENOENT) throw FailSystem("open the lake", folder, error.value());
    throw Fail(ErrorKind::kNotFound, "No such lake: {}", folder);
  }
  return std::make_unique<FolderStore>(root.string());
}

/// A bucket has no folders that could be missing: a lake is there when its state is.
std::unique_ptr<ObjectStore> OpenS3Store(std::string_view lake, bool create,
                                         const S3Options& options) {
  auto store = std::make_unique<S3Store>(ParseS3Uri(lake), options);
  if (create) return store;
  try {
    uint8_t first = 0;
    store->ReadRange(kLakeStateKey, 0, {&first, 1}, /*etag=*/nullptr);
    return store;
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::kNotFound) throw;
  }
  store->List("catalog/");  // Says so when it is the bucket that is missing.
  throw Fail(ErrorKind::kNotFound,
             "No such lake. Way out: correct the name, or make it by shoestring migrate: "
             "{}",
             store->Uri());
}

}  // namespace

StoreStatistics& StoreStatistics::operator+=(const StoreStatistics& other) {
  gets += other.gets;
  heads += other.heads;
  puts += other.puts;
  uploads += other.uploads;
  parts += other.parts;
  publishes += other.publishes;
  lists += other.lists;
  deletes += other.deletes;
  retries += other.retries;
  bytes_read += other.bytes_read;
  bytes_written += other.bytes_written;
  return *this;
}

std::unique_ptr<ObjectStore> OpenObjectStore(std::string_view lake, bool create,
                                             const S3Options& s3) {
  if (lake.starts_with("s3://")) {
    return OpenS3Store(lake, create, s3);
  }
  constexpr std::string_view kFileScheme = "file://";
  const std::string folder(lake.starts_with(kFileScheme) ? lake.substr(kFileScheme.size())
                                                         : lake);
  if (folder.empty() || folder.find("://") != std::string::npos) {
    throw Fail(ErrorKind::kInvalidArgument,
               "Not a lake, give a folder or s3://BUCKET: '{}'", lake);
  }
  return OpenFolderStore(folder, create);
}

}  // namespace shoestring
