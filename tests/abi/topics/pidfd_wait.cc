// waitid(2) with P_PIDFD, and CLONE_PIDFD of clone(2) and clone3(2).
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>

#include "../topic.h"

using namespace abi;

static constexpr unsigned long kPidfd = 0x1000, kDetached = 0x400000;
static constexpr auto kByDescriptor = static_cast<idtype_t>(3);

static int open_pidfd(pid_t pid, unsigned flags = 0) {
  return static_cast<int>(::syscall(SYS_pidfd_open, pid, flags));
}

static void wait_for(const char* what, int fd, int options, pid_t expected = 0) {
  siginfo_t info;
  std::memset(&info, 0x55, sizeof info);
  const int result = ::waitid(kByDescriptor, static_cast<id_t>(fd), &info, options);
  say("%s: %s, signal %#x, code %#x, %s, status %#x, rest %s\n", what, outcome(result), info.si_signo, info.si_code,
      info.si_pid == expected ? "the child"
      : info.si_pid == 0      ? "nobody"
                              : "others",
      info.si_status, reinterpret_cast<unsigned char*>(&info)[40] == 0x55 ? "untouched" : "written");
}

static void waiting() {
  const pid_t child = in_child([] { return 7; });
  const int fd = open_pidfd(child);
  wait_for("no options", fd, 0, child);
  wait_for("unknown options", fd, WEXITED | 0x100, child);
  wait_for("leave it", fd, WEXITED | WNOWAIT, child);
  wait_for("take it", fd, WEXITED, child);
  wait_for("again", fd, WEXITED, child);
  wait_for("standard input", 0, WEXITED);
  wait_for("not open", 999, WEXITED);
  wait_for("negative", -1, WEXITED);
  wait_for("oneself", open_pidfd(::getpid()), WEXITED);
  wait_for("the parent", open_pidfd(::getppid()), WEXITED);
  const int directory = ::open("/proc/self", O_RDONLY | O_DIRECTORY);
  wait_for("/proc/self", directory, WEXITED);
}

static void changes() {
  const pid_t child = in_child([] {
    for (;;) ::pause();
    return 0;
  });
  const int fd = open_pidfd(child, O_NONBLOCK);
  wait_for("not yet", fd, WEXITED, child);
  wait_for("not yet, WNOHANG", fd, WEXITED | WNOHANG, child);
  ::kill(child, SIGSTOP);
  siginfo_t info = {};
  ::waitid(P_PID, child, &info, WSTOPPED | WNOWAIT);
  wait_for("stopped", fd, WSTOPPED, child);
  wait_for("stopped, again", fd, WSTOPPED, child);
  ::kill(child, SIGCONT);
  wait_for("continued", fd, WCONTINUED, child);
  ::kill(child, SIGKILL);
  ::waitid(P_PID, child, &info, WEXITED | WNOWAIT);
  rusage usage = {};
  const long result = ::syscall(SYS_waitid, 3, fd, nullptr, WEXITED, &usage);
  say("killed, without information: %s\n", outcome(result));
  wait_for("collected", fd, WEXITED, child);
}

// One waits, and is woken.
static void blocking() {
  int ends[2];
  ::pipe(ends);
  const pid_t waiter = in_child([&] {
    const pid_t child = in_child([&] {
      char byte;
      ::read(ends[0], &byte, 1);
      return 3;
    });
    const int fd = open_pidfd(child);
    siginfo_t info = {};
    const int result = ::waitid(kByDescriptor, static_cast<id_t>(fd), &info, WEXITED);
    return result == 0 && info.si_pid == child && info.si_status == 3 ? 0 : 1;
  });
  await_asleep(waiter);
  ::write(ends[1], "x", 1);
  say_end("waiter", waiter);
}

struct CloneArguments {
  std::uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls;
};

static pid_t clone_with(unsigned long flags, int* parent_tid) {
  const auto child = static_cast<pid_t>(::syscall(SYS_clone, flags, 0, parent_tid, nullptr, 0));
  if (child == 0) ::_exit(5);
  return child;
}

static pid_t clone3_with(std::uint64_t flags, int* pidfd, int* parent_tid, std::uint64_t signal = SIGCHLD) {
  CloneArguments arguments = {};
  arguments.flags = flags;
  arguments.pidfd = reinterpret_cast<std::uint64_t>(pidfd);
  arguments.parent_tid = reinterpret_cast<std::uint64_t>(parent_tid);
  arguments.exit_signal = signal;
  const auto child = static_cast<pid_t>(::syscall(SYS_clone3, &arguments, sizeof arguments));
  if (child == 0) ::_exit(6);
  return child;
}

static int lowest() {
  const int fd = ::dup(0);
  ::close(fd);
  return fd;
}

static void cloning() {
  int fd = -1, tid = -1;
  const int expected = lowest();
  pid_t child = clone_with(kPidfd | SIGCHLD, &fd);
  say("clone: %s, the lowest: %d, F_GETFD %d, F_GETFL %#x\n", outcome(child), fd == expected, ::fcntl(fd, F_GETFD),
      ::fcntl(fd, F_GETFL));
  wait_for("its end", fd, WEXITED, child);
  ::close(fd);
  say("with CLONE_PARENT_SETTID: %s\n", outcome(clone_with(kPidfd | CLONE_PARENT_SETTID | SIGCHLD, &fd)));
  say("with CLONE_DETACHED: %s\n", outcome(clone_with(kPidfd | kDetached | SIGCHLD, &fd)));
  say("to nowhere: %s\n", outcome(clone_with(kPidfd | SIGCHLD, reinterpret_cast<int*>(8))));
  say("no descriptor is left: %d\n", lowest() == expected);
  say("no child is left: %s\n", outcome(::waitpid(-1, nullptr, WNOHANG)));
  child = clone3_with(kPidfd | CLONE_PARENT_SETTID, &fd, &tid);
  say("clone3: %s, tid %d\n", outcome(child), tid == child);
  wait_for("its end", fd, WEXITED, child);
  ::close(fd);
  say("both to one place: %s\n", outcome(clone3_with(kPidfd | CLONE_PARENT_SETTID, &fd, &fd)));
  say("clone3 with CLONE_DETACHED: %s\n", outcome(clone3_with(kPidfd | kDetached, &fd, nullptr)));
  say("clone3 to nowhere: %s\n", outcome(clone3_with(kPidfd, nullptr, nullptr)));
  // The child has not got the descriptor.
  fd = -1;
  child = static_cast<pid_t>(::syscall(SYS_clone, kPidfd | SIGCHLD, 0, &fd, nullptr, 0));
  if (child == 0) ::_exit(::fcntl(expected, F_GETFD) < 0 && errno == EBADF ? 0 : 1);
  say_end("a child without it", child);
  ::close(fd);
  // Without room for it there is no child.
  rlimit old = {};
  ::getrlimit(RLIMIT_NOFILE, &old);
  rlimit less = old;
  less.rlim_cur = static_cast<rlim_t>(expected);
  ::setrlimit(RLIMIT_NOFILE, &less);
  say("no more descriptors: %s\n", outcome(clone_with(kPidfd | SIGCHLD, &fd)));
  ::setrlimit(RLIMIT_NOFILE, &old);
  say("no child is left: %s\n", outcome(::waitpid(-1, nullptr, WNOHANG)));
  // One whose end sends no signal is waited for with __WALL.
  child = clone3_with(kPidfd, &fd, nullptr, 0);
  wait_for("a silent child", fd, WEXITED, child);
  wait_for("a silent child, __WALL", fd, WEXITED | __WALL, child);
  ::close(fd);
}

static int run() {
  waiting();
  changes();
  blocking();
  cloning();
  return 0;
}

static const Topic topic("pidfd_wait", run);
