#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"

namespace shoestring {

// Files below one folder, through descriptors only: no step of a path follows a symbolic
// link, so nothing below the folder leads out of it. Interrupted and short calls are
// continued; errors of the system become Error with the path in them.

/// Owns a file descriptor.
class FileDescriptor {
 public:
  FileDescriptor() = default;
  explicit FileDescriptor(int fd) : fd_(fd) {}
  FileDescriptor(FileDescriptor&& other) noexcept : fd_(other.Release()) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept;
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;
  ~FileDescriptor();

  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }
  int Release();

 private:
  int fd_ = -1;
};

/// The error for `errno` after `action` ("read", "write") on `path`.
Error FailSystem(std::string_view action, std::string_view path, int error);

/// A folder that is open, and the last part of the key that was asked for.
struct OpenFolder {
  FileDescriptor fd;
  std::string name;  ///< With its NUL: what the *at() calls take.
};

enum class MissingFolders { kFail, kCreate };

/// Opens the folder that holds `key`, below the folder `root`. Nothing when it does not
/// exist, or was removed just after it was created.
std::optional<OpenFolder> OpenParent(int root, std::string_view key,
                                     MissingFolders missing);

/// Opens a regular file for reading; nothing when there is none.
std::optional<FileDescriptor> OpenForReading(int root, std::string_view key);
/// Nothing unless it is a regular file.
std::optional<struct stat> StatFile(int root, std::string_view key);

/// Reads up to `to.size()` bytes from `offset`; fewer only at the file's end.
size_t ReadAt(int fd, int64_t offset, std::span<uint8_t> to, std::string_view path);
void WriteAll(int fd, Bytes bytes, std::string_view path);
/// Makes a file or a folder durable.
void Sync(int fd, std::string_view path);
/// Lets the disk begin with what was written to a file, so that Sync() waits less.
void BeginSync(int fd);
/// Makes files and folders below `root`, which is "." itself, durable together: a disk
/// takes hardly longer for many that it is asked for at once than for one. Leaves out
/// what is not there any more.
void SyncTogether(int root, const std::vector<std::string>& keys);

}  // namespace shoestring
