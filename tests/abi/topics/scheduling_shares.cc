// Who gets how much of a processor, and how soon, by wide margins: the machine may be busy with other things. All that
// competes here is kept on one processor.
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <functional>
#include <vector>

#include "../topic.h"

using namespace abi;

namespace {

constexpr double kMillisecond = 1e-3;

double now(clockid_t clock) {
  timespec time{};
  ::clock_gettime(clock, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}
void sleep_for(double seconds) {
  const timespec time{static_cast<time_t>(seconds), static_cast<long>((seconds - static_cast<long>(seconds)) * 1e9)};
  ::nanosleep(&time, nullptr);
}
double cpu_time_of(pid_t process) {
  clockid_t clock{};
  return ::clock_getcpuclockid(process, &clock) == 0 ? now(clock) : 0;
}

[[noreturn]] void compute_for_ever() {
  for (;;) asm volatile("");
}
pid_t hog(const std::function<void()>& prepare = [] {}) {
  return in_child([&prepare] {
    prepare();
    compute_for_ever();
    return 0;
  });
}
void end(const std::vector<pid_t>& hogs) {
  for (const pid_t one : hogs) ::kill(one, SIGKILL);
  for (const pid_t one : hogs) ::waitpid(one, nullptr, 0);
}

// How much more of the processor the first has had when both together have had enough to tell.
double ratio(pid_t first, pid_t second, double enough = 100 * kMillisecond) {
  double a = 0, b = 0;
  while (a + b < enough) {
    sleep_for(10 * kMillisecond);
    a = cpu_time_of(first), b = cpu_time_of(second);
  }
  end({first, second});
  return a / std::max(b, kMillisecond / 10);
}

void shares() {
  const double equal = ratio(hog(), hog());
  say("two alike have the same: %d\n", equal > 0.6 && equal < 1.67);
  say("nice 10 has much less: %d\n", ratio(hog(), hog([] { ::setpriority(PRIO_PROCESS, 0, 10); })) > 3);
  say("nice -5 has more: %d\n", ratio(hog([] { ::setpriority(PRIO_PROCESS, 0, -5); }), hog()) > 1.5);
  const auto be_idle = [] {
    const sched_param none{};
    ::sched_setscheduler(0, SCHED_IDLE, &none);
  };
  // It may have had a turn before, or two, which are longer where the host is busy.
  say("SCHED_IDLE has next to nothing: %d\n", ratio(hog(), hog(be_idle), 400 * kMillisecond) > 2.5);
  const double threads = ratio(hog([] {
                                 pthread_t thread;
                                 for (int i = 0; i < 2; ++i) {
                                   ::pthread_create(
                                       &thread, nullptr,
                                       [](void*) -> void* {
                                         compute_for_ever();
                                         return nullptr;
                                       },
                                       nullptr);
                                 }
                               }),
                               hog());
  say("three threads have more than one: %d\n", threads > 1.7 && threads < 6);
}

void realtime() {
  const pid_t other = hog();
  sleep_for(5 * kMillisecond);
  const pid_t first = in_child([other] {
    const sched_param priority{.sched_priority = 5};
    if (::sched_setscheduler(0, SCHED_FIFO, &priority) != 0) return 1;
    const double before = cpu_time_of(other);
    while (now(CLOCK_PROCESS_CPUTIME_ID) < 40 * kMillisecond) {
      for (int i = 0; i < 100'000; ++i) asm volatile("");
    }
    say("keeps others out: %d\n", cpu_time_of(other) - before < 20 * kMillisecond);
    return 0;
  });
  say_end("SCHED_FIFO", first);
  end({other});
}

// The middle one of some delays.
double typical(std::vector<double> delays) {
  std::nth_element(delays.begin(), delays.begin() + delays.size() / 2, delays.end());
  return delays[delays.size() / 2];
}

void delays() {
  std::vector<pid_t> hogs;
  for (int i = 0; i < 10; ++i) hogs.push_back(hog());
  sleep_for(20 * kMillisecond);
  std::vector<double> late;
  for (int i = 0; i < 5; ++i) {
    const double before = now(CLOCK_MONOTONIC);
    sleep_for(5 * kMillisecond);
    late.push_back(now(CLOCK_MONOTONIC) - before - 5 * kMillisecond);
  }
  say("a sleeper wakes in time among ten that compute: %d\n", typical(late) < 50 * kMillisecond);
  std::vector<double> turns;
  for (int i = 0; i < 3; ++i) {
    const double before = now(CLOCK_MONOTONIC);
    ::waitpid(in_child([] { return 0; }), nullptr, 0);
    turns.push_back(now(CLOCK_MONOTONIC) - before);
  }
  say("and a child has its turn: %d\n", typical(turns) < 400 * kMillisecond);
  end(hogs);
}

// Some that yield all the time do not keep others from computing, and are not kept out for ever.
void yielding() {
  const pid_t yields = in_child([] {
    for (;;) ::sched_yield();
    return 0;
  });
  const pid_t computes = hog();
  double own = 0;
  while (own < 20 * kMillisecond) {
    sleep_for(10 * kMillisecond);
    own = cpu_time_of(computes);
  }
  say("one that yields leaves the processor to others, and has it, too: %d\n", cpu_time_of(yields) > 0);
  end({yields, computes});
}

int run() {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(::sched_getcpu(), &set);
  ::sched_setaffinity(0, sizeof set, &set);
  shares();
  realtime();
  delays();
  yielding();
  return 0;
}

const Topic topic("scheduling_shares", run);

}  // namespace
