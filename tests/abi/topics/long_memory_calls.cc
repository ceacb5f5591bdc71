// Calls that look at, or make present, a great many pages: other processes run meanwhile, and the caller can be killed.
// With an argument (tests/e2e/cases/memory.sh): pages that are made present, for which a VM needs more memory than
// usual.
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <functional>

#include "../topic.h"

using namespace abi;

static constexpr std::size_t kMiB = 1 << 20;

// So many addresses that all show the same memory.
static unsigned char* repeat(std::size_t part, std::size_t times, int protection) {
  const int file = ::memfd_create("part", 0);
  ::ftruncate(file, static_cast<off_t>(part));
  auto* area = static_cast<unsigned char*>(
      ::mmap(nullptr, part * times, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
  for (std::size_t i = 0; i < times; ++i) {
    ::mmap(area + i * part, part, protection, MAP_SHARED | MAP_FIXED, file, 0);
  }
  ::close(file);
  return area;
}

static long now_ms() {
  timespec time{};
  ::clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1000 + time.tv_nsec / 1'000'000;
}

// The longest time for which the caller does not run while a child makes the call.
static void look(const char* what, const std::function<void()>& call) {
  long last = now_ms(), longest = 0;
  const pid_t child = in_child([&] {
    call();
    for (;;) ::pause();
    return 0;
  });
  for (int i = 0; i < 10; ++i) {
    ::usleep(20'000);
    const long now = now_ms();
    longest = std::max(longest, now - last);
    last = now;
  }
  say("%s, meanwhile: %s\n", what, longest < 500 ? "others run" : "nobody runs");
  ::kill(child, SIGKILL);
  say_end("killed", child);
}

// Memory that was made present, and let go, must be zeroed when it is made present again.
static int populate() {
  constexpr std::size_t kMuch = 600 * kMiB;
  void* area = ::mmap(nullptr, kMuch, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  constexpr int kPopulateWrite = 23;  // MADV_POPULATE_WRITE
  say("madvise: %s\n", outcome(::madvise(area, kMuch, kPopulateWrite)));
  ::madvise(area, kMuch, MADV_DONTNEED);
  look("madvise", [&] { ::madvise(area, kMuch, kPopulateWrite); });
  look("mmap",
       [&] { ::mmap(nullptr, kMuch, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0); });
  return 0;
}

static int run() {
  if (arguments[0] != nullptr) return populate();
  constexpr std::size_t kAnswers = 40 * kMiB;
  unsigned char* answers = repeat(kMiB, kAnswers / kMiB, PROT_READ | PROT_WRITE);
  void* pages = ::mmap(nullptr, kAnswers * 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  look("mincore", [&] { ::mincore(pages, kAnswers * 4096, answers); });
  return 0;
}

static const Topic topic("long_memory_calls", run);
