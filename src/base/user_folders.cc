#include "base/user_folders.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "base/error.h"

namespace shoestring {

namespace {

constexpr const char* kName = "shoestring";
constexpr mode_t kOwnerOnly = 0700;

std::string FolderOf(const char* variable, const std::filesystem::path& below_home) {
  const char* named = std::getenv(variable);
  if (named != nullptr && *named == '/') return std::filesystem::path(named) / kName;
  const char* home = std::getenv("HOME");
  if (home == nullptr || *home != '/') return "";
  return std::filesystem::path(home) / below_home / kName;
}

Error FailFolder(ErrorKind kind, std::string_view what, const std::string& path) {
  return Fail(kind, "Cannot use the folder, {}: {}", what, path);
}

}  // namespace

std::string StateFolder() { return FolderOf("XDG_STATE_HOME", ".local/state"); }

std::string CacheFolder() { return FolderOf("XDG_CACHE_HOME", ".cache"); }

void MakePrivateFolder(const std::string& path) {
  std::error_code ignored;
  std::filesystem::create_directories(std::filesystem::path(path).parent_path(), ignored);
  if (mkdir(path.c_str(), kOwnerOnly) != 0 && errno != EEXIST) {
    throw FailFolder(ErrorKind::kUnavailable, std::strerror(errno), path);
  }
  const int folder = open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (folder < 0) throw FailFolder(ErrorKind::kUnavailable, std::strerror(errno), path);
  struct stat info {};
  const bool ours = fstat(folder, &info) == 0 && info.st_uid == geteuid();
  const bool is_private =
      ours && ((info.st_mode & 077) == 0 || fchmod(folder, kOwnerOnly) == 0);
  close(folder);
  if (!is_private) {
    throw FailFolder(ErrorKind::kPermission, "it is not this user's own", path);
  }
}

}  // namespace shoestring
