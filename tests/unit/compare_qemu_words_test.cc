// What the runners that start QEMU share.
#include <gtest/gtest.h>

#include "tests/unit/temporary_tree.h"
#include "tools/compare/runners/qemu_words.h"

namespace husk::compare {
namespace {

TEST(QemuWords, ACommaInAPathIsWrittenTwice) {
  EXPECT_EQ(qemu_value("/a/b"), "/a/b");
  EXPECT_EQ(qemu_value("/a,b/,c"), "/a,,b/,,c");
}

TEST(QemuWords, AStatusComesBackThroughTheExitPort) {
  const test::TemporaryTree tree;
  for (const int status : {0, 1, 3, 125}) {
    // The guest writes status + 1, and QEMU ends with 2n + 1 of that.
    EXPECT_EQ(status_from_guest(2 * (status + 1) + 1, tree / "log"), status);
  }
}

TEST(QemuWords, ALargeStatusIsInTheLogsLastWord) {
  const test::TemporaryTree tree;
  tree.write("log", "husk: exit status 1\nhusk: something else\nhusk: exit status 137\n");
  EXPECT_EQ(status_from_guest(255, tree / "log"), 137);
  EXPECT_EQ(status_from_guest(255, tree / "no-log"), 125);
}

TEST(QemuWords, QemusOwnFailureIsNoSuccessOfThePayload) {
  const test::TemporaryTree tree;
  EXPECT_EQ(status_from_guest(1, tree / "log"), 125);
  EXPECT_EQ(status_from_guest(0, tree / "log"), 125);  // the machine was reset
  EXPECT_EQ(status_from_guest(128 + 15, tree / "log") == 0, false);
  EXPECT_EQ(status_from_guest(124, tree / "log"), 124);
}

}  // namespace
}  // namespace husk::compare
