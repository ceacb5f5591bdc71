// Who is killed when memory is short: /proc/PID/oom_score_adj (proc(5)) is inherited.
//
// With an argument (tests/e2e/cases/memory.sh) memory is short. "victims": of three processes that hold memory, the one
// whose adjustment and size say so is killed for a fourth, not the largest. "copies": a process reads the memory of the
// largest one into its own until that one is killed for it, and nobody else is.
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "../topic.h"

using namespace abi;

static constexpr std::size_t kMiB = 1 << 20;

static char* map(std::size_t size) {
  return static_cast<char*>(::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
}

static void adjust(const char* value) {
  const int file = ::open("/proc/self/oom_score_adj", O_WRONLY);
  if (::write(file, value, std::strlen(value)) < 0) say("adjust to %s: %s\n", value, outcome(-1));
  ::close(file);
}

// A process that holds so much memory at `area`, before this returns.
static pid_t holder(char* area, std::size_t size, const char* adjustment) {
  int ends[2];
  ::pipe(ends);
  const pid_t child = in_child([&] {
    adjust(adjustment);
    std::memset(area, 1, size);
    ::write(ends[1], "x", 1);
    for (;;) ::pause();
    return 0;
  });
  char c;
  ::read(ends[0], &c, 1);
  return child;
}

// Who is killed gives its memory back before it can be waited for, so whoever wanted that memory may be here first.
static void say_fate(const char* what, pid_t child) {
  int status = 0;
  pid_t ended = 0;
  for (int looks = 0; looks < 20 && ended == 0; ++looks) {
    ended = ::waitpid(child, &status, WNOHANG);
    if (ended == 0) ::usleep(10'000);
  }
  if (ended == 0) {
    say("%s: alive\n", what);
    ::kill(child, SIGKILL);
    ::waitpid(child, &status, 0);
  } else {
    say_status(what, status);
  }
}

static int victims() {
  const pid_t spared = holder(map(18 * kMiB), 18 * kMiB, "-1000");
  const pid_t first = holder(map(6 * kMiB), 6 * kMiB, "700");
  const pid_t neutral = holder(map(10 * kMiB), 10 * kMiB, "0");
  say_end("who wants memory", in_child([] {
            std::memset(map(28 * kMiB), 2, 28 * kMiB);
            return 0;
          }));
  say_fate("the largest, never to be killed", spared);
  say_fate("the smallest, to be killed first", first);
  say_fate("another", neutral);
  return 0;
}

static int copies() {
  constexpr std::size_t kHeld = 34 * kMiB;
  char* area = map(kHeld);
  const pid_t largest = holder(area, kHeld, "0");
  const pid_t other = holder(map(4 * kMiB), 4 * kMiB, "0");
  say_end("who copies", in_child([&] {
            char name[64];
            std::snprintf(name, sizeof name, "/proc/%d/mem", largest);
            const int memory = ::open(name, O_RDONLY);
            char* copy = map(kHeld);
            std::size_t done = 0;
            while (done < kHeld) {
              const ssize_t got = ::pread(memory, copy + done, kHeld - done,
                                          static_cast<off_t>(reinterpret_cast<std::uintptr_t>(area) + done));
              if (got <= 0) break;
              done += static_cast<std::size_t>(got);
            }
            say("copied %s\n", done == kHeld ? "all" : done == 0 ? "nothing" : "a part");
            return 0;
          }));
  say_fate("the largest", largest);
  say_fate("another", other);
  return 0;
}

static int run() {
  if (arguments[0] != nullptr) return std::strcmp(arguments[0], "victims") == 0 ? victims() : copies();
  adjust("300");
  say_end("child", in_child([] {
            char text[16] = {};
            const int file = ::open("/proc/self/oom_score_adj", O_RDONLY);
            ::read(file, text, sizeof text - 1);
            say("inherited: %s", text);
            return 0;
          }));
  return 0;
}

static const Topic topic("oom_victims", run);
