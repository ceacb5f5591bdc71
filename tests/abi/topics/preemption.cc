// Processes and threads that never sleep share the processor: each makes progress, and a signal reaches a busy one.
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <atomic>

#include "../topic.h"

using namespace abi;

static int run() {
  auto* counters = static_cast<std::atomic<unsigned long>*>(
      ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  pid_t children[3];
  for (int i = 0; i < 3; ++i) {
    children[i] = in_child([&counters, i] {
      for (;;) counters[i].fetch_add(1, std::memory_order_relaxed);
      return 0;
    });
  }
  // The parent is busy, too: no system call between the looks.
  bool all = false;
  while (!all) all = counters[0] > 1000 && counters[1] > 1000 && counters[2] > 1000;
  say("three busy processes and a busy parent all run\n");
  for (const pid_t child : children) ::kill(child, SIGTERM);
  for (const pid_t child : children) say_end("busy one", child);

  static std::atomic<bool> go_on{true};
  static std::atomic<int> turn{0};
  pthread_t thread;
  ::pthread_create(
      &thread, nullptr,
      [](void*) -> void* {
        for (int i = 0; i < 50; ++i) {
          while (turn.load() % 2 == 0) {
          }
          turn.fetch_add(1);
        }
        go_on = false;
        return nullptr;
      },
      nullptr);
  while (go_on) {
    if (turn.load() % 2 == 0 && turn.load() < 100) turn.fetch_add(1);
  }
  ::pthread_join(thread, nullptr);
  say("two threads take turns by spinning: %d\n", turn.load() / 50 * 50);

  static volatile sig_atomic_t rung = 0;
  ::signal(SIGALRM, [](int) { rung = 1; });
  ::ualarm(20'000, 0);
  while (rung == 0) {
  }
  say("a signal reaches a loop that makes no system call\n");
  rung = 0;
  say_end("and kills one", in_child([] {
            ::signal(SIGALRM, SIG_DFL);
            ::ualarm(20'000, 0);
            while (rung == 0) {
            }
            return 0;
          }));
  say("sched_yield: %s\n", outcome(::sched_yield()));
  return 0;
}

static const Topic topic("preemption", run);
