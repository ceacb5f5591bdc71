// Whatever ends husk, a terminal that it has made raw is as it was.
#include "vmm/terminal.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <csignal>
#include <functional>

#include "vmm/error.h"
#include "vmm/sandbox/sandbox.h"

namespace husk {
namespace {

class RawTerminalTest : public ::testing::Test {
 protected:
  void SetUp() override {
    master_ = ::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    ASSERT_GE(master_, 0);
    ASSERT_EQ(::grantpt(master_) | ::unlockpt(master_), 0);
    slave_ = ::open(::ptsname(master_), O_RDWR | O_NOCTTY | O_CLOEXEC);
    ASSERT_GE(slave_, 0);
    ASSERT_TRUE(is_cooked());
  }
  void TearDown() override {
    ::close(slave_);
    ::close(master_);
  }
  bool is_cooked() const {
    termios mode{};
    EXPECT_EQ(::tcgetattr(slave_, &mode), 0);
    return (mode.c_lflag & ICANON) != 0 && (mode.c_lflag & ECHO) != 0 && (mode.c_oflag & OPOST) != 0;
  }
  // Runs `body` in a process that has the terminal on its standard input, and has made it raw. Returns wait(2)'s
  // status.
  int run_raw(const std::function<void()>& body) {
    const pid_t child = ::fork();
    if (child == 0) {
      ::alarm(20);
      ::dup2(slave_, STDIN_FILENO);
      try {
        const RawTerminal raw;
        if (is_cooked()) ::_exit(99);
        body();
      } catch (const Error&) {
        ::_exit(kExitHuskError);
      }
      ::_exit(0);
    }
    int status = 0;
    EXPECT_EQ(::waitpid(child, &status, 0), child);
    return status;
  }
  void expect_exit(int expected, const std::function<void()>& body) {
    const int status = run_raw(body);
    EXPECT_TRUE(WIFEXITED(status)) << "signal " << WTERMSIG(status);
    EXPECT_EQ(WEXITSTATUS(status), expected);
    EXPECT_TRUE(is_cooked());
  }

  int master_ = -1;
  int slave_ = -1;
};

TEST_F(RawTerminalTest, IsRestoredAtTheEnd) {
  expect_exit(0, [] {});
}

TEST_F(RawTerminalTest, IsRestoredAfterAnError) {
  expect_exit(kExitHuskError, [] { throw Error("do", "something", "a test"); });
}

TEST_F(RawTerminalTest, IsRestoredWhenTheSandboxEndsTheProcess) {
  expect_exit(kExitHuskError, [] {
    sandbox::enter({.filtered = {.terminal = STDIN_FILENO}});
    ::socket(AF_INET, SOCK_STREAM, 0);
  });
}

TEST_F(RawTerminalTest, IsRestoredAfterACrash) {
  for (const int signal : {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGXCPU, SIGVTALRM, SIGPWR}) {
    expect_exit(128 + signal, [signal] { ::raise(signal); });
  }
  expect_exit(128 + SIGABRT, [] { std::abort(); });
}

TEST_F(RawTerminalTest, IsRestoredWhenTheSandboxIsThereAndTheProcessCrashes) {
  expect_exit(128 + SIGSEGV, [] {
    sandbox::enter({.filtered = {.terminal = STDIN_FILENO}});
    *static_cast<volatile int*>(nullptr) = 1;
  });
}

// Whatever kill(1) is given: not all that end a process have a handler of husk's in every isolation.
TEST_F(RawTerminalTest, IsRestoredAfterASignal) {
  for (const int signal : {SIGHUP, SIGUSR1, SIGALRM, SIGTERM, SIGSYS, SIGIO, SIGSTKFLT, SIGRTMIN, SIGRTMAX}) {
    expect_exit(128 + signal, [signal] { ::raise(signal); });
  }
}

TEST_F(RawTerminalTest, SignalsThatDoNotEndItDoNot) {
  expect_exit(0, [] {
    for (const int signal : {SIGCHLD, SIGURG, SIGWINCH, SIGCONT}) ::raise(signal);
  });
}

}  // namespace
}  // namespace husk
