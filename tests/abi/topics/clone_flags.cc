// clone(2) and clone3(2): what is refused, and with what signal a child says that it ended.
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <cstring>

#include "../topic.h"

using namespace abi;

namespace {

// struct clone_args as of Linux 5.7, and room for what no kernel knows yet.
struct Arguments {
  std::uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid, set_tid_size, cgroup;
  std::uint64_t later[4];
};

void try_clone3(const char* what, const Arguments& arguments, std::size_t size) {
  const long child = ::syscall(SYS_clone3, &arguments, size);
  if (child == 0) ::_exit(0);
  say("%s: %s\n", what, outcome(child));
  if (child > 0) {
    int status = 0;
    ::waitpid(static_cast<pid_t>(child), &status, __WALL);
  }
}

void refused() {
  constexpr std::size_t kFirst = 64, kAll = 88;
  Arguments none{};
  none.exit_signal = SIGCHLD;
  try_clone3("plain", none, kFirst);
  try_clone3("plain, all of it", none, kAll);
  try_clone3("too short", none, kFirst - 8);
  try_clone3("longer, zero", none, sizeof none);
  Arguments later = none;
  later.later[1] = 1;
  try_clone3("longer, not zero", later, sizeof later);
  try_clone3("longer, not zero, cut off", later, kAll);
  try_clone3("longer than a page", none, 4097);
  for (unsigned bit = 0; bit < 64; ++bit) {
    const std::uint64_t flag = std::uint64_t{1} << bit;
    // Namespaces, descriptors and control groups are other tests' subject; these make threads or parents wait.
    constexpr std::uint64_t kOther = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER |
                                     CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWTIME | CLONE_PIDFD | CLONE_PARENT |
                                     CLONE_SETTLS | CLONE_PARENT_SETTID | CLONE_CHILD_SETTID | CLONE_VM |
                                     CLONE_INTO_CGROUP;
    if (flag & kOther) continue;
    Arguments one = none;
    one.flags = flag;
    char name[32] = "flag ";
    name[5] = static_cast<char>('0' + bit / 10), name[6] = static_cast<char>('0' + bit % 10);
    try_clone3(name, one, kAll);
  }
  Arguments wrong = none;
  wrong.exit_signal = 65;
  try_clone3("signal 65", wrong, kAll);
  wrong.exit_signal = 0x1'0000'0011;
  try_clone3("signal 2^32 + 17", wrong, kAll);
  wrong = none;
  wrong.stack = 0x1000;
  try_clone3("a stack without a size", wrong, kAll);
  wrong.stack = 0, wrong.stack_size = 4096;
  try_clone3("a size without a stack", wrong, kAll);
  wrong.stack = ~std::uint64_t{0} - 100;
  try_clone3("a stack beyond memory", wrong, kAll);
  wrong = none;
  wrong.flags = CLONE_PARENT;
  try_clone3("another parent, and a signal", wrong, kAll);
  wrong.flags = CLONE_SIGHAND | CLONE_VM | CLONE_CLEAR_SIGHAND;
  try_clone3("shared handlers, cleared", wrong, kAll);
  wrong.flags = CLONE_THREAD | CLONE_SIGHAND | CLONE_VM;
  try_clone3("a thread, and a signal", wrong, kAll);
  wrong = none;
  wrong.set_tid_size = 1;
  try_clone3("a size of ids without ids", wrong, kAll);
  wrong.set_tid = reinterpret_cast<std::uint64_t>(&wrong), wrong.set_tid_size = 0;
  try_clone3("ids without a size", wrong, kAll);
  wrong.set_tid_size = 33;
  try_clone3("too many ids", wrong, kAll);

  for (const unsigned long flags :
       {CLONE_THREAD | 0ul, CLONE_SIGHAND | 0ul, CLONE_THREAD | CLONE_SIGHAND | 0ul, CLONE_NEWNS | CLONE_FS | 0ul}) {
    const long child = ::syscall(SYS_clone, flags | SIGCHLD, nullptr, nullptr, nullptr, nullptr);
    if (child == 0) ::_exit(0);
    say("clone with %lx: %s\n", flags, outcome(child));
  }
}

volatile sig_atomic_t seen;

long clone_with(unsigned long flags, int number) {
  return ::syscall(SYS_clone, flags | static_cast<unsigned long>(number), nullptr, nullptr, nullptr, nullptr);
}

// Says which signal the end of a child brought, once the child could be waited for.
void wait_for(const char* what, pid_t child) {
  int status = 0;
  const pid_t plain = ::waitpid(child, &status, WNOHANG);
  const bool only_clone = plain < 0;
  const pid_t got = ::waitpid(child, &status, __WALL);
  say("%s: signal %d, %s, %s\n", what, static_cast<int>(seen), only_clone ? "a clone's child" : "an ordinary child",
      outcome(got));
}

void signals() {
  for (const int number : {SIGUSR1, SIGUSR2, SIGCHLD})
    ::signal(number, [](int signal_number) { seen = signal_number; });
  for (const int number : {0, SIGUSR1, SIGCHLD, 65, 255}) {
    seen = 0;
    const long child = clone_with(0, number);
    if (child == 0) {
      ::usleep(50'000);
      ::_exit(0);
    }
    if (child < 0)
      say("signal %d: %s\n", number, outcome(child));
    else
      wait_for(number == 0         ? "no signal"
               : number == SIGUSR1 ? "USR1"
               : number == SIGCHLD ? "CHLD"
                                   : "no such signal",
               static_cast<pid_t>(child));
  }
  // A program does not know with what signal it was made to end.
  seen = 0;
  int ends[2];
  ::pipe2(ends, O_CLOEXEC);
  const long child = clone_with(0, SIGUSR1);
  if (child == 0) {
    ::execl("/bin/sleep", "sleep", "0.1", nullptr);
    ::_exit(1);
  }
  ::close(ends[1]);
  char byte;
  (void)!::read(ends[0], &byte, 1);
  wait_for("USR1, and then a program", static_cast<pid_t>(child));

  // With CLONE_PARENT it is the maker's own signal.
  seen = 0;
  int gate[2];
  ::pipe(ends);
  ::pipe(gate);
  const long maker = clone_with(0, SIGUSR2);
  if (maker == 0) {
    const long sibling = clone_with(CLONE_PARENT, SIGUSR1);
    if (sibling == 0) {
      (void)!::read(gate[0], &byte, 1);
      ::_exit(9);
    }
    (void)!::write(ends[1], &sibling, sizeof sibling);
    ::_exit(8);
  }
  long sibling = 0;
  (void)!::read(ends[0], &sibling, sizeof sibling);
  wait_for("USR2", static_cast<pid_t>(maker));
  seen = 0;
  (void)!::write(gate[1], "g", 1);
  wait_for("USR2 of its maker", static_cast<pid_t>(sibling));
}

// As process 1 (tests/e2e/cases/processes.sh): nobody is its sibling, and what its orphans were to end with is not for it.
int as_first_process() {
  const long sibling = clone_with(CLONE_PARENT, SIGCHLD);
  if (sibling == 0) ::_exit(0);
  say("sibling %s\n", outcome(sibling));
  const pid_t middle = in_child([] {
    if (clone_with(0, SIGSEGV) == 0) {
      while (::getppid() != 1) ::usleep(1'000);
      ::_exit(4);
    }
    return 3;
  });
  say_end("child", middle);
  int status = 0;
  const pid_t orphan = ::waitpid(-1, &status, 0);  // without __WALL: it ends with SIGCHLD now
  say("orphan %s", outcome(orphan));
  say_status("", status);
  return 0;
}

int run() {
  if (arguments[0] != nullptr) return as_first_process();
  refused();
  signals();
  return 0;
}

const Topic topic("clone_flags", run);

}  // namespace
