#include "base/user_folders.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "base/error.h"

namespace shoestring {
namespace {

class UserFoldersTest : public testing::Test {
 protected:
  UserFoldersTest() {
    std::string name = std::filesystem::temp_directory_path() / "folders-XXXXXX";
    root_ = mkdtemp(name.data());
  }
  ~UserFoldersTest() override {
    unsetenv("XDG_STATE_HOME");
    unsetenv("XDG_CACHE_HOME");
    std::filesystem::remove_all(root_);
  }

  mode_t ModeOf(const std::string& path) {
    struct stat info {};
    EXPECT_EQ(stat(path.c_str(), &info), 0);
    return info.st_mode & 0777;
  }

  std::string root_;
};

TEST_F(UserFoldersTest, TheEnvironmentNamesThem) {
  setenv("XDG_STATE_HOME", "/some/state", 1);
  setenv("XDG_CACHE_HOME", "/some/cache", 1);
  EXPECT_EQ(StateFolder(), "/some/state/shoestring");
  EXPECT_EQ(CacheFolder(), "/some/cache/shoestring");
}

TEST_F(UserFoldersTest, WithoutItTheyAreBelowHome) {
  const char* before = std::getenv("HOME");
  const std::string home = before == nullptr ? "" : before;
  unsetenv("XDG_STATE_HOME");
  setenv("XDG_CACHE_HOME", "not/absolute", 1);
  setenv("HOME", "/some/home", 1);
  EXPECT_EQ(StateFolder(), "/some/home/.local/state/shoestring");
  EXPECT_EQ(CacheFolder(), "/some/home/.cache/shoestring");
  unsetenv("HOME");
  EXPECT_EQ(StateFolder(), "");
  setenv("HOME", home.c_str(), 1);
}

TEST_F(UserFoldersTest, MadeForTheOwnerAlone) {
  MakePrivateFolder(root_ + "/a/b");
  EXPECT_EQ(ModeOf(root_ + "/a/b"), 0700u);
  chmod((root_ + "/a/b").c_str(), 0755);
  MakePrivateFolder(root_ + "/a/b");
  EXPECT_EQ(ModeOf(root_ + "/a/b"), 0700u);
}

TEST_F(UserFoldersTest, LinksAndFilesAreRefused) {
  std::filesystem::create_directory(root_ + "/real");
  std::filesystem::create_symlink(root_ + "/real", root_ + "/link");
  EXPECT_THROW(MakePrivateFolder(root_ + "/link"), Error);
  EXPECT_THROW(MakePrivateFolder("/proc/nothing/here"), Error);
}

}  // namespace
}  // namespace shoestring
