// Runs get a null device that is the comparison's own, so that a runner that changes the owner of its streams does not
// change the host's.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/in_child.h"
#include "tests/unit/temporary_tree.h"
#include "tools/compare/null_device.h"
#include "tools/compare/process.h"

namespace husk::compare {
namespace {

TEST(NullDevice, ItsOwnerCanChangeWithoutTheHosts) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root";
  struct stat before {};
  ASSERT_EQ(stat("/dev/null", &before), 0);
  const test::TemporaryTree tree;
  test::expect_in_child([&] {
    make_own_null_device(tree.path());
    if (!has_own_null_device()) return false;
    Process process = Process::start({"/bin/sh", "-c", "echo lost && chown 12345 /proc/self/fd/0 /proc/self/fd/1"},
                                     Process::Streams::kNone);
    constexpr int kLimitMs = 10'000;
    return process.wait(kLimitMs) && process.exit_status() == 0;
  });
  struct stat own {};
  struct stat after {};
  ASSERT_EQ(stat((tree / "null").c_str(), &own), 0);
  ASSERT_EQ(stat("/dev/null", &after), 0);
  EXPECT_EQ(own.st_uid, 12345u);
  EXPECT_EQ(own.st_size, 0);
  EXPECT_TRUE(S_ISCHR(own.st_mode));
  EXPECT_EQ(after.st_uid, before.st_uid);
}

}  // namespace
}  // namespace husk::compare
