// The fingerprint of a directory must change with everything that makes another image, and with nothing else.
#include "vmm/image/fingerprint.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <functional>
#include <limits>
#include <string>
#include <thread>

#include "tests/unit/temporary_tree.h"
#include "vmm/error.h"

namespace husk::image {
namespace {

namespace fs = std::filesystem;

class FingerprintTest : public testing::Test {
 protected:
  FingerprintTest() {
    tree_.write("etc/passwd", "root:x:0:0::/root:/bin/sh\n");
    tree_.write("bin/tool", "#!/bin/sh\n");
    fs::create_symlink("tool", tree_.path() / "bin/link");
    fs::create_directory(tree_.path() / "empty");
    next_tick();
  }

  // ctime moves in clock ticks: what happens within one tick of a walk cannot be told apart.
  static void next_tick() { std::this_thread::sleep_for(std::chrono::milliseconds(20)); }

  std::string digest() const { return fingerprint(tree_.path()).hex(); }

  void expect_change(const char* what, const std::function<void()>& change) {
    const std::string before = digest();
    change();
    EXPECT_NE(digest(), before) << what;
    next_tick();
  }

  test::TemporaryTree tree_;
};

TEST_F(FingerprintTest, IsTheSameForAnUntouchedTree) {
  EXPECT_EQ(digest(), digest());
}

TEST_F(FingerprintTest, IgnoresReading) {
  const std::string before = digest();
  std::ifstream(tree_ / "etc/passwd").get();
  EXPECT_EQ(digest(), before);
}

TEST_F(FingerprintTest, SeesEveryKindOfChange) {
  expect_change("contents, same size", [&] { tree_.write("bin/tool", "#!/bin/ZZ\n"); });
  expect_change("contents, same size and mtime put back", [&] {
    struct stat status {};
    ASSERT_EQ(::stat((tree_ / "bin/tool").c_str(), &status), 0);
    tree_.write("bin/tool", "#!/bin/YY\n");
    const timespec times[2] = {status.st_atim, status.st_mtim};
    ASSERT_EQ(::utimensat(AT_FDCWD, (tree_ / "bin/tool").c_str(), times, 0), 0);
  });
  expect_change("mode", [&] { ASSERT_EQ(::chmod((tree_ / "bin/tool").c_str(), 0711), 0); });
  expect_change("new file", [&] { tree_.write("empty/file", ""); });
  expect_change("renamed file", [&] { fs::rename(tree_ / "empty/file", tree_ / "empty/elif"); });
  expect_change("removed file", [&] { fs::remove(tree_ / "empty/elif"); });
  expect_change("new directory", [&] { fs::create_directory(tree_ / "empty/sub"); });
  expect_change("hard link", [&] { fs::create_hard_link(tree_ / "bin/tool", tree_ / "bin/second"); });
  expect_change("link target", [&] {
    fs::remove(tree_ / "bin/link");
    fs::create_symlink("pool", tree_ / "bin/link");
  });
  expect_change("mode of the root", [&] { ASSERT_EQ(::chmod(tree_.path().c_str(), 0755), 0); });
  if (::geteuid() == 0) {
    expect_change("owner", [&] { ASSERT_EQ(::chown((tree_ / "bin/tool").c_str(), 1000, 0), 0); });
    expect_change("group", [&] { ASSERT_EQ(::chown((tree_ / "bin/tool").c_str(), 1000, 1000), 0); });
  }
}

TEST_F(FingerprintTest, CountsEntriesAndEstimatesTheImage) {
  const Fingerprint seen = fingerprint(tree_.path());
  EXPECT_EQ(seen.entries, 6u);                    // etc etc/passwd bin bin/tool bin/link empty
  EXPECT_GT(seen.image_size.bytes(), 2u * 4096);  // two files of one block each
  EXPECT_LT(seen.image_size.bytes(), 4u * 4096);
  EXPECT_EQ(fingerprint(tree_ / "empty").entries, 0u);
}

TEST_F(FingerprintTest, CountsAFileWithSeveralLinksOnce) {
  tree_.write("large", std::string(1'000'000, 'x'));
  const std::uint64_t before = fingerprint(tree_.path()).image_size.bytes();
  for (int i = 0; i < 9; ++i) fs::create_hard_link(tree_ / "large", tree_ / ("link" + std::to_string(i)));
  EXPECT_LT(fingerprint(tree_.path()).image_size.bytes(), before + 4096);
}

TEST_F(FingerprintTest, KnowsItsFileSystems) {
  const Fingerprint seen = fingerprint(tree_.path());
  struct stat status {};
  ASSERT_EQ(::stat(tree_.path().c_str(), &status), 0);
  ASSERT_EQ(seen.file_systems.size(), 1u);
  EXPECT_EQ(seen.file_systems[0].first, status.st_dev);
}

// Where an overlay's files are, and whether it is volatile, cannot be told. On a tmpfs, since an overlay takes no other
// overlay as its upper directory, which the directory of temporary files may be.
TEST_F(FingerprintTest, TrustsNoOverlayWithMappedStores) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can mount";
  const std::string area = tree_.path();
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const std::string options = "lowerdir=" + area + "/lower,upperdir=" + area + "/upper,workdir=" + area + "/work";
    if (::unshare(CLONE_NEWNS) != 0 || ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        ::mount("none", area.c_str(), "tmpfs", 0, nullptr) != 0) {
      ::_exit(77);
    }
    for (const char* name : {"lower/x", "upper/x", "merged/x"}) tree_.write(name, "x");
    if (!fs::create_directory(area + "/work") ||
        ::mount("none", (area + "/merged").c_str(), "overlay", 0, options.c_str()) != 0) {
      ::_exit(77);
    }
    ::_exit(fingerprint(area + "/merged").sees_mapped_stores ? 1 : 0);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 77) GTEST_SKIP() << "no overlay here";
  EXPECT_EQ(status, 0);
}

// ---------------------------------------------------------------- sizes, which are whatever a file system says

struct stat regular(std::int64_t size) {
  struct stat status {};
  status.st_mode = S_IFREG | 0644;
  status.st_nlink = 1;
  status.st_size = size;
  return status;
}

TEST(ImageSize, StopsInsteadOfStartingAgainFromZero) {
  constexpr std::int64_t kLargest = std::numeric_limits<std::int64_t>::max();
  for (const std::int64_t size :
       {kLargest, kLargest - 4095, std::int64_t{-1}, std::numeric_limits<std::int64_t>::min()}) {
    ImageSize sum;
    for (int i = 0; i < 5; ++i) sum.add_entry(4, regular(size));
    EXPECT_EQ(sum.bytes(), ImageSize::kHuge) << size;
  }
  ImageSize linked;
  for (std::uint64_t inode = 1; inode < 6; ++inode) {
    struct stat status = regular(kLargest);
    status.st_nlink = 2;
    status.st_ino = inode;
    linked.add_entry(4, status);
  }
  EXPECT_EQ(linked.bytes(), ImageSize::kHuge);
}

TEST(ImageSize, CountsWholeBlocks) {
  ImageSize none, one, two;
  none.add_entry(4, regular(0));
  one.add_entry(4, regular(1));
  two.add_entry(4, regular(4097));
  EXPECT_EQ(one.bytes(), none.bytes() + 4096);
  EXPECT_EQ(two.bytes(), none.bytes() + 8192);
}

TEST_F(FingerprintTest, HandlesDirectoriesLargerThanOneRead) {
  for (int i = 0; i < 2000; ++i) tree_.write("many/a-file-name-of-some-length-" + std::to_string(i), "");
  next_tick();
  EXPECT_EQ(fingerprint(tree_ / "many").entries, 2000u);
  expect_change("one of many", [&] { tree_.write("many/a-file-name-of-some-length-1777", "x"); });
}

// No call takes them.
TEST_F(FingerprintTest, RefusesPathsThatAreTooLong) {
  const std::string name(200, 'n');
  int at = ::open(tree_.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  for (int depth = 0; depth < 25; ++depth) {
    ASSERT_EQ(::mkdirat(at, name.c_str(), 0755), 0);
    const int next = ::openat(at, name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    ::close(at);
    at = next;
  }
  ::close(at);
  try {
    fingerprint(tree_.path());
    ADD_FAILURE() << "not refused";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("more than 4095 bytes"), std::string::npos) << error.what();
    EXPECT_LT(std::string(error.what()).size(), 400u);
  }
}

TEST_F(FingerprintTest, NamesWhatCannotBeRead) {
  try {
    fingerprint(tree_ / "nowhere");
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("nowhere"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace husk::image
