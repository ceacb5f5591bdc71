// vfork(2): the child lives in its parent's memory.
//
// With an argument (tests/e2e/cases/memory.sh) it is what happens when memory is short and most of it is held by a
// parent and its child of vfork, which share it: a third process touches new memory ("touch"), or has the kernel do it
// ("read"), until they have had to give way.
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstring>

#include "../topic.h"

using namespace abi;

static constexpr std::size_t kMiB = 1 << 20;
static constexpr std::size_t kHeld = 28 * kMiB, kWanted = 28 * kMiB, kStep = 64 * 1024;

static char* map(std::size_t size) {
  return static_cast<char*>(::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
}

static int hold(int ready) {
  std::memset(map(kHeld), 1, kHeld);
  if (::vfork() == 0) {
    ::write(ready, "x", 1);
    for (;;) ::pause();
  }
  return 0;
}

static int give_way(const char* how) {
  int ends[2];
  ::pipe(ends);
  const pid_t holder = in_child([&] { return hold(ends[1]); });
  char c;
  ::read(ends[0], &c, 1);
  char* area = map(kWanted);
  const int zero = ::open("/dev/zero", O_RDONLY);
  for (std::size_t done = 0; done < kWanted; done += kStep) {
    if (std::strcmp(how, "read") != 0) {
      std::memset(area + done, 2, kStep);
    } else if (const ssize_t got = ::read(zero, area + done, kStep); got != static_cast<ssize_t>(kStep)) {
      say("read at %zu: %s\n", done, outcome(got));
      return 1;
    }
  }
  say("has it all\n");
  say_end("the holder", holder);
  return 0;
}

// A thread can be what its maker waits for, too.
static void thread_first() {
  static char stack[65536];
  static volatile int shared;
  constexpr int kThread = CLONE_FILES | CLONE_FS | CLONE_SIGHAND | CLONE_THREAD | CLONE_VM | CLONE_VFORK;
  const long thread = ::clone(
      [](void*) {
        for (int i = 0; i < 20; ++i) ::sched_yield();
        ::usleep(1000);
        shared = 4;
        return 0;
      },
      stack + sizeof stack, kThread, nullptr);
  say("a thread: %s, its write: %d\n", outcome(thread), shared);
  say_end("a program in a thread", in_child([] {
            ::clone(
                [](void*) {
                  ::usleep(1000);
                  const char* program[] = {"/bin/sh", "-c", "exit 6", nullptr};
                  ::execv(program[0], const_cast<char**>(program));
                  return 1;
                },
                stack + sizeof stack, kThread, nullptr);
            return 5;
          }));
}

static int run() {
  if (arguments[0] != nullptr) return give_way(arguments[0]);
  volatile int shared = 1;
  const pid_t child = ::vfork();
  if (child == 0) {
    shared = 2;
    ::_exit(3);
  }
  say("the child's write: %d\n", shared);
  say_end("child", child);
  thread_first();
  return 0;
}

static const Topic topic("vfork_memory", run);
