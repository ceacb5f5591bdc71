// What surrounds the last step of a payload's process: the sealed file, its arguments, the descriptors that are left,
// and the texts of errors. What it does is tested end to end (tests/e2e/escape_test.sh).
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string>
#include <vector>

#include "tests/unit/in_child.h"
#include "vmm/descriptors.h"
#include "vmm/runner/descriptors.h"
#include "vmm/runner/last_step/error_text.h"
#include "vmm/runner/last_step/interface.h"
#include "vmm/runner/last_step_file.h"
#include "vmm/runner/open_in_root.h"

namespace husk::runner {
namespace {

bool is_open(int descriptor) {
  return fcntl(descriptor, F_GETFD) >= 0;
}

TEST(LastStep, ErrorTextsAreLibcs) {
  int known = 0;
  for (int error = 1; error < 134; ++error) {
    const char* text = last_step::error_text(error);
    if (text == nullptr) continue;
    ++known;
    EXPECT_STREQ(text, std::strerror(error));
  }
  EXPECT_GE(known, 19);  // those of execve(2) and openat2(2)
  // The errors that users make.
  for (const int error : {ENOENT, EACCES, ENOEXEC, ENOTDIR, ELOOP, E2BIG, ETXTBSY, ENAMETOOLONG}) {
    EXPECT_NE(last_step::error_text(error), nullptr) << std::strerror(error);
  }
}

// Nobody who gets hold of the file, as the payload does through /proc/self/exe, can change it.
TEST(LastStep, FileCannotBeChanged) {
  const UniqueFd file = make_last_step_file();
  char magic[4];
  ASSERT_EQ(pread(file.get(), magic, sizeof magic, 0), 4);
  EXPECT_EQ(std::memcmp(magic, "\177ELF", 4), 0);
  EXPECT_EQ(fcntl(file.get(), F_GET_SEALS), F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE);
  EXPECT_EQ(fcntl(file.get(), F_GETFD), FD_CLOEXEC);
  const UniqueFd again(open(("/proc/self/fd/" + std::to_string(file.get())).c_str(), O_RDWR | O_CLOEXEC));
  ASSERT_TRUE(again);
  EXPECT_EQ(pwrite(again.get(), "x", 1, 0), -1);
  EXPECT_EQ(errno, EPERM);
  EXPECT_NE(ftruncate(again.get(), 0), 0);
  EXPECT_EQ(mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, again.get(), 0), MAP_FAILED);
}

TEST(LastStep, Arguments) {
  const std::vector<std::string> paths{"/bin/a", "./a"};
  const std::vector<std::string> argv{"a", "", "b"};
  const std::string directory = "/tmp";
  const std::vector<char*> arguments = arguments_to_become(directory, paths, argv);
  const std::vector<std::string> expected{last_step::kBecome, "/tmp", "/bin/a", "./a", "", "a", "", "b"};
  ASSERT_EQ(arguments.size(), expected.size() + 1);
  for (std::size_t index = 0; index < expected.size(); ++index) EXPECT_EQ(arguments[index], expected[index]);
  EXPECT_EQ(arguments.back(), nullptr);
}

// In a process of its own, since it closes what the test program has open.
TEST(Descriptors, KeepOnly) {
  test::expect_in_child([] {
    constexpr std::array kKept{20, -1, 7, 900, 1};
    for (const int number : {3, 6, 7, 8, 19, 20, 21, 899, 900, 901}) dup2(0, number);
    keep_only(kKept);
    int wrong = 0;
    for (int number = 3; number < 1024; ++number)
      wrong += is_open(number) != (number == 7 || number == 20 || number == 900);
    for (int number = 0; number < 3; ++number) wrong += !is_open(number);
    keep_only({});
    for (int number = 3; number < 1024; ++number) wrong += is_open(number);
    return wrong == 0;
  });
}

TEST(Descriptors, HandedOver) {
  const SocketPair sockets = make_socket_pair();
  EXPECT_FALSE(take_descriptor(sockets.husk.get()));  // nothing was sent: does not wait
  int ends[2];
  ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
  UniqueFd reader(ends[0]), writer(ends[1]);
  send_descriptor(sockets.child.get(), writer.get(), "", 1);
  writer.reset();
  {
    const UniqueFd taken = take_descriptor(sockets.husk.get());
    ASSERT_TRUE(taken);
    EXPECT_EQ(fcntl(taken.get(), F_GETFD), FD_CLOEXEC);
    EXPECT_EQ(write(taken.get(), "x", 1), 1);
  }
  char text[2];
  EXPECT_EQ(read(reader.get(), text, sizeof text), 1);
  EXPECT_EQ(read(reader.get(), text, sizeof text), 0);  // the last writer has gone
}

TEST(Paths, MagicLinksAreRefused) {
  const UniqueFd root(open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
  const std::string number = std::to_string(root.get());
  for (const std::string& path :
       {"/proc/self/fd/" + number, "/proc/self/fd/" + number + "/etc", std::string("/proc/self/exe"),
        std::string("/proc/self/cwd/."), std::string("/proc/self/root/etc")}) {
    EXPECT_FALSE(open_as_payload(path, O_PATH)) << path;
    EXPECT_EQ(errno, ELOOP) << path;
    EXPECT_FALSE(open_in_root(root.get(), path, O_PATH)) << path;
    EXPECT_EQ(errno, ELOOP) << path;
  }
  EXPECT_TRUE(open_as_payload("/proc/self/status", O_PATH));  // /proc/self is an ordinary link
  EXPECT_TRUE(open_in_root(root.get(), "/proc/self/status", O_PATH));
}

}  // namespace
}  // namespace husk::runner
