// The VMM's confinement: what a running machine needs still works, everything else ends the process.
#include "vmm/sandbox/sandbox.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <thread>

#include "vmm/error.h"
#include "vmm/log.h"
#include "vmm/machine/io_thread.h"
#include "vmm/sandbox/filter.h"

namespace husk::sandbox {
namespace {

// Runs in a process of its own (a death test), which cannot leave the sandbox again.
[[noreturn]] void confined(const std::function<bool()>& body) {
  enter();
  ::_exit(body() ? 0 : 1);
}

void expect_works(const std::function<bool()>& body) {
  EXPECT_EXIT(confined(body), ::testing::ExitedWithCode(0), "");
}

void expect_refused(const std::function<bool()>& body) {
  EXPECT_EXIT(confined(body), ::testing::ExitedWithCode(kExitHuskError), "sandbox does not allow system call");
}

class Sandbox : public ::testing::Test {
 protected:
  Sandbox() { GTEST_FLAG_SET(death_test_style, "fast"); }
};

TEST_F(Sandbox, StreamsAndMemoryWork) {
  std::array<int, 2> pipe{};
  ASSERT_EQ(::pipe2(pipe.data(), O_CLOEXEC), 0);
  expect_works([&] {
    char byte = 0;
    pollfd request{.fd = pipe[1], .events = POLLOUT, .revents = 0};
    return ::poll(&request, 1, 1000) == 1 && ::write(pipe[1], "x", 1) == 1 && ::read(pipe[0], &byte, 1) == 1;
  });
  expect_works([] { return std::make_unique<char[]>(64 << 20) != nullptr; });
  expect_works([] {
    struct stat status {};
    return ::fstat(STDOUT_FILENO, &status) == 0;
  });
  ::close(pipe[0]);
  ::close(pipe[1]);
}

TEST_F(Sandbox, TheLogWorks) {
  EXPECT_EXIT(confined([] {
                log::write(log::Severity::kError, "a line");
                return true;
              }),
              ::testing::ExitedWithCode(0), "husk: a line");
}

TEST_F(Sandbox, TheIoThreadCanStillStart) {
  expect_works([] {
    machine::IoThread loop;
    std::atomic<bool> called{false};
    loop.post([&] { called = true; });
    for (int i = 0; i < 3000 && !called; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(10));
    loop.stop();
    return called.load();
  });
}

TEST_F(Sandbox, NothingCanBeOpened) {
  expect_refused([] { return ::open("/etc/passwd", O_RDONLY | O_CLOEXEC) >= 0; });
  expect_refused([] { return ::socket(AF_INET, SOCK_STREAM, 0) >= 0; });
  expect_refused([] { return ::memfd_create("x", 0) >= 0; });
  expect_refused([] {
    struct stat status {};
    return ::stat("/etc/passwd", &status) == 0;
  });
}

TEST_F(Sandbox, NothingCanBeExecuted) {
  expect_refused([] { return ::execl("/bin/true", "true", nullptr) == 0; });
  expect_refused([] { return ::fork() >= 0; });
  expect_refused(
      [] { return ::mmap(nullptr, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED; });
  expect_refused([] {
    void* page = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return ::mprotect(page, 4096, PROT_READ | PROT_EXEC) == 0;
  });
}

TEST_F(Sandbox, NoOtherIoctls) {
  expect_refused([] { return ::ioctl(STDIN_FILENO, TIOCSTI, "x") == 0; });
}

TEST_F(Sandbox, PrivilegesStayGone) {
  expect_refused([] { return ::prctl(PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0) == 0; });
  expect_refused([] { return ::setuid(0) == 0; });
}

// Every jump lands inside the program, and every path ends: what the kernel checks too, but with a better message.
TEST_F(Sandbox, TheFilterIsWellFormed) {
  const auto program = filter();
  ASSERT_GT(program.size(), 10u);
  for (std::size_t i = 0; i < program.size(); ++i) {
    if (BPF_CLASS(program[i].code) != BPF_JMP) continue;
    EXPECT_LT(i + 1 + program[i].jt, program.size());
    EXPECT_LT(i + 1 + program[i].jf, program.size());
  }
  EXPECT_EQ(BPF_CLASS(program.back().code), BPF_RET);
}

}  // namespace
}  // namespace husk::sandbox
