// Processes, threads, timers and signals.
#include <dirent.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <new>
#include <string>
#include <vector>

#include "tests/scale/scale.h"

namespace scale {
namespace {

// Returns when all of them have run and wait: what a child's first turn costs is in the time of its making, however many
// of them the parent's time slice lets run by itself, and not in that of what is done with the children afterwards.
void make_children(unsigned count) {
  void* page =
      ::mmap(nullptr, sizeof(std::atomic<unsigned>), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  check(page != MAP_FAILED, "mmap", 0);
  auto& running = *new (page) std::atomic<unsigned>(0);
  for (unsigned index = 0; index < count; ++index) {
    const pid_t child = ::fork();
    check(child >= 0, "fork", index);
    if (child == 0) {
      ++running;
      for (;;) ::pause();
    }
  }
  while (running != count) ::sched_yield();
}

std::uint64_t fork_many(unsigned count) {
  const Stopwatch watch;
  make_children(count);
  return watch.elapsed();
}

std::uint64_t signal_group(unsigned count) {
  make_children(count);
  ::signal(SIGCONT, SIG_IGN);
  const Stopwatch watch;
  for (unsigned turn = 0; turn < 10; ++turn) check(::kill(0, SIGCONT) == 0, "kill", turn);
  return watch.elapsed();
}

std::uint64_t reap_many(unsigned count) {
  for (unsigned index = 0; index < count; ++index) {
    const pid_t child = ::fork();
    check(child >= 0, "fork", index);
    if (child == 0) ::_exit(0);
  }
  // All of them are zombies once the last one can be waited for, as they were made in order.
  siginfo_t information;
  for (unsigned index = 0; index < 50; ++index) ::sched_yield();
  const Stopwatch watch;
  for (unsigned index = 0; index < count; ++index)
    check(::waitid(P_ALL, 0, &information, WEXITED) == 0, "waitid", index);
  return watch.elapsed();
}

std::uint64_t list_processes(unsigned count) {
  make_children(count);
  const Stopwatch watch;
  DIR* directory = ::opendir("/proc");
  check(directory != nullptr, "opendir", 0);
  unsigned seen = 0;
  while (::readdir(directory) != nullptr) ++seen;
  check(seen > count, "readdir", seen);
  return watch.elapsed();
}

std::uint64_t make_threads(unsigned count) {
  pthread_attr_t attributes;
  ::pthread_attr_init(&attributes);
  ::pthread_attr_setstacksize(&attributes, 16'384);
  pthread_t thread;
  const Stopwatch watch;
  for (unsigned index = 0; index < count; ++index) {
    errno = ::pthread_create(
        &thread, &attributes,
        [](void*) -> void* {
          for (;;) ::pause();
        },
        nullptr);
    check(errno == 0, "pthread_create", index);
  }
  return watch.elapsed();
}

std::uint64_t make_timers(unsigned count) {
  sigevent event = {};
  event.sigev_notify = SIGEV_NONE;
  timer_t timer;
  const Stopwatch watch;
  for (unsigned index = 0; index < count; ++index)
    check(::timer_create(CLOCK_MONOTONIC, &event, &timer) == 0, "timer_create", index);
  return watch.elapsed();
}

std::uint64_t arm_timers(unsigned count) {
  sigevent event = {};
  event.sigev_notify = SIGEV_NONE;
  std::vector<timer_t> timers(count);
  for (unsigned index = 0; index < count; ++index)
    check(::timer_create(CLOCK_MONOTONIC, &event, &timers[index]) == 0, "timer_create", index);
  const Stopwatch watch;
  for (unsigned index = 0; index < count; ++index) {
    const itimerspec when{{0, 0}, {3'600 + (index * 7'919) % count, 0}};
    check(::timer_settime(timers[index], 0, &when, nullptr) == 0, "timer_settime", index);
  }
  return watch.elapsed();
}

std::uint64_t queue_signals(unsigned count) {
  sigset_t set;
  ::sigemptyset(&set);
  ::sigaddset(&set, SIGRTMIN);
  ::sigprocmask(SIG_BLOCK, &set, nullptr);
  const Stopwatch watch;
  for (unsigned index = 0; index < count; ++index)
    check(::sigqueue(::getpid(), SIGRTMIN, {.sival_int = 1}) == 0, "sigqueue", index);
  for (unsigned index = 0; index < count; ++index)
    check(::sigtimedwait(&set, nullptr, nullptr) == SIGRTMIN, "sigtimedwait", index);
  return watch.elapsed();
}

std::uint64_t execute_with_arguments(unsigned count) {
  std::vector<std::string> texts;
  for (unsigned index = 0; index < count; ++index) texts.push_back("argument-" + std::to_string(index));
  std::vector<char*> arguments{const_cast<char*>("true")};
  for (std::string& text : texts) arguments.push_back(text.data());
  arguments.push_back(nullptr);
  const Stopwatch watch;
  const pid_t child = ::fork();
  check(child >= 0, "fork", 0);
  if (child == 0) {
    ::execv("/bin/busybox", arguments.data());
    ::_exit(126);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  check(status == 0, "execve", 0);
  return watch.elapsed();
}

constexpr Case kCases[] = {
    {"processes", 400, fork_many},  // and their first turns
    {"kill-group", 100, signal_group},       {"reap", 100, reap_many},
    {"list-processes", 100, list_processes}, {"threads", 200, make_threads},
    {"timers", 1'000, make_timers},          {"arm-timers", 1'000, arm_timers},
    {"signals", 2'000, queue_signals},       {"arguments", 1'000, execute_with_arguments},
};

}  // namespace

const Cases kTaskCases{kCases, sizeof kCases / sizeof kCases[0]};

}  // namespace scale
