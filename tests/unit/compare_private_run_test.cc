// A mirrored directory: what is there is there, sockets can be connected to, and what is added stays in the mirror.
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>

#include "common/unique_fd.h"
#include "tests/unit/in_child.h"
#include "tests/unit/temporary_tree.h"
#include "tools/compare/runners/private_run.h"

namespace husk::compare {
namespace {

namespace fs = std::filesystem;

sockaddr_un address_of(const fs::path& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
  return address;
}

bool can_connect(const fs::path& path) {
  const UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const sockaddr_un address = address_of(path);
  return connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

bool enter_mount_namespace() {
  return unshare(CLONE_NEWNS) == 0 && mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
}

bool may_have_mount_namespace() {
  const pid_t child = fork();
  if (child == 0) _exit(enter_mount_namespace() ? 0 : 1);
  int status = 1;
  waitpid(child, &status, 0);
  return status == 0;
}

TEST(PrivateRun, AMirrorHasEverythingAndKeepsWhatIsAdded) {
  if (!may_have_mount_namespace()) GTEST_SKIP() << "needs root, and a mount namespace";
  const test::TemporaryTree tree;
  tree.write("source/directory/file", "text");
  tree.write("source/file", "more");
  tree.write("source/hidden/file", "not to be seen");
  fs::create_symlink("directory/file", tree / "source/link");
  fs::create_directory(tree / "target");
  const UniqueFd listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const sockaddr_un address = address_of(tree / "source/socket");
  ASSERT_EQ(bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(listen(listener.get(), 1), 0);

  // In a mount namespace of a child's: nothing stays mounted.
  test::expect_in_child([&] {
    if (!enter_mount_namespace()) return false;
    mirror_directory(tree / "source", tree / "target", {"hidden"});
    const bool is_all_there = fs::exists(tree / "target/directory/file") && fs::exists(tree / "target/link") &&
                              fs::file_size(tree / "target/file") == 4 && !fs::exists(tree / "target/hidden");
    std::ofstream(tree / "target/added").close();
    return is_all_there && can_connect(tree / "target/socket");
  });
  EXPECT_FALSE(fs::exists(tree / "source/added"));
}

}  // namespace
}  // namespace husk::compare
