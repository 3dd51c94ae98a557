#include "lake/object_store.h"

#include <filesystem>

#include "base/error.h"
#include "lake/folder_store.h"

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
    throw Fail(ErrorKind::kUnsupported,
               "S3 is not supported yet by this version; use --lake DIR: {}", lake);
  }
  constexpr std::string_view kFileScheme = "file://";
  const std::string folder(lake.starts_with(kFileScheme) ? lake.substr(kFileScheme.size())
                                                         : lake);
  if (folder.empty() || folder.find("://") != std::string::npos) {
    throw Fail(ErrorKind::kInvalidArgument, "Not a lake, give a folder: '{}'", lake);
  }
  return OpenFolderStore(folder, create);
}

}  // namespace shoestring
