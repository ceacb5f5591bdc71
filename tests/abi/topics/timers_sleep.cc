// Clocks only go forward, sleeps are not short, timers fire and are counted down.
#include <signal.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>

#include "../topic.h"

using namespace abi;

static volatile sig_atomic_t alarms = 0;

static long long now(clockid_t clock = CLOCK_MONOTONIC) {
  timespec time{};
  ::clock_gettime(clock, &time);
  return time.tv_sec * 1'000'000'000LL + time.tv_nsec;
}

static int run() {
  bool forward = true;
  long long last = now();
  for (int i = 0; i < 1000; ++i) {
    const long long next = now();
    forward = forward && next >= last;
    last = next;
  }
  say("monotonic: %s\n", forward ? "yes" : "no");
  for (const clockid_t clock : {CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_PROCESS_CPUTIME_ID, CLOCK_THREAD_CPUTIME_ID,
                                CLOCK_MONOTONIC_RAW, CLOCK_REALTIME_COARSE, CLOCK_MONOTONIC_COARSE, CLOCK_BOOTTIME}) {
    timespec time{};
    say("clock %d: %s\n", clock, outcome(::clock_gettime(clock, &time)));
  }
  timespec time{};
  say("clock 99: %s\n", outcome(::clock_gettime(99, &time)));
  say("this is not 1970: %s\n", ::time(nullptr) > 1'600'000'000 ? "yes" : "no");
  timeval day{};
  const time_t earlier = ::time(nullptr);
  ::gettimeofday(&day, nullptr);
  // time(2) may be a clock tick behind.
  say("gettimeofday and time agree: %s\n", earlier <= day.tv_sec && day.tv_sec <= ::time(nullptr) + 1 ? "yes" : "no");

  const long long start = now();
  timespec nap{.tv_sec = 0, .tv_nsec = 30'000'000};
  say("nanosleep: %s", outcome(::nanosleep(&nap, nullptr)));
  say(", long enough: %s\n", now() - start >= 30'000'000 ? "yes" : "no");
  time.tv_nsec = 1'000'000'000;
  time.tv_sec = 0;
  say("a second of nanoseconds: %s\n", outcome(::nanosleep(&time, nullptr)));
  ::clock_gettime(CLOCK_MONOTONIC, &time);
  time.tv_nsec += 20'000'000;
  if (time.tv_nsec >= 1'000'000'000) time.tv_sec += 1, time.tv_nsec -= 1'000'000'000;
  say("clock_nanosleep until: %d", ::clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, nullptr));
  say(", long enough: %s\n", now() >= time.tv_sec * 1'000'000'000LL + time.tv_nsec ? "yes" : "no");

  ::signal(SIGALRM, [](int) { alarms = alarms + 1; });
  say("alarm: %u before\n", ::alarm(1'000));
  const unsigned left = ::alarm(0);
  say("left of it: %s\n", left > 900 && left <= 1'000 ? "all" : "something else");
  itimerval timer{.it_interval = {.tv_sec = 0, .tv_usec = 10'000}, .it_value = {.tv_sec = 0, .tv_usec = 10'000}};
  say("setitimer: %s\n", outcome(::setitimer(ITIMER_REAL, &timer, nullptr)));
  while (alarms < 3) ::pause();
  timer = {};
  ::setitimer(ITIMER_REAL, &timer, nullptr);
  say("an interval timer fires again and again\n");
  timer = {.it_interval = {.tv_sec = 0, .tv_usec = 100'000}, .it_value = {.tv_sec = 0, .tv_usec = 20'000}};
  ::setitimer(ITIMER_REAL, &timer, nullptr);  // again and again: the first may come before the sleep
  nap = {.tv_sec = 1'000, .tv_nsec = 0};
  timespec rest{};
  say("interrupted: %s", outcome(::nanosleep(&nap, &rest)));
  timer = {};
  ::setitimer(ITIMER_REAL, &timer, nullptr);
  say(", rest is right: %s\n", rest.tv_sec > 900 && rest.tv_sec < 1'000 ? "yes" : "no");
  // Sleeping takes no processor time; computing does.
  const long long before = now(CLOCK_PROCESS_CPUTIME_ID);
  volatile unsigned long work = 0;
  while (now(CLOCK_PROCESS_CPUTIME_ID) == before) work = work + 1;
  say("processor time passes when computing\n");
  say_end("an alarm survives execve and kills", in_child([] {
            ::signal(SIGALRM, SIG_DFL);
            itimerval soon{.it_interval = {}, .it_value = {.tv_sec = 0, .tv_usec = 50'000}};
            ::setitimer(ITIMER_REAL, &soon, nullptr);
            ::execl("/bin/sleep", "sleep", "30", nullptr);
            return 1;
          }));
  return 0;
}

static const Topic topic("timers_sleep", run);
