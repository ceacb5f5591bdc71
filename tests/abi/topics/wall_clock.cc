// Waiting for a point of CLOCK_REALTIME: sleeps, futexes, message queues, timers. With the argument "set", for where that is the
// program's to do (tests/e2e/cases/processes.sh), the clock is set meanwhile, and the point is an hour away.
#include <linux/futex.h>
#include <mqueue.h>
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <cstring>

#include "../topic.h"

using namespace abi;

static constexpr long kSecond = 1'000'000'000, kHour = 3600 * kSecond;

static bool sets() {
  return arguments[0] && std::strcmp(arguments[0], "set") == 0;
}
static long now(int clock) {
  timespec time{};
  ::clock_gettime(clock, &time);
  return time.tv_sec * kSecond + time.tv_nsec;
}
static timespec at(long ns) {
  return {ns / kSecond, ns % kSecond};
}
static timespec a_while_from_now() {
  return at(now(CLOCK_REALTIME) + (sets() ? kHour : 20'000'000));
}
static void advance(long ns) {
  if (!sets()) return;
  const timespec time = at(now(CLOCK_REALTIME) + ns);
  if (::clock_settime(CLOCK_REALTIME, &time) != 0) say("clock_settime: %s\n", outcome(-1));
}

// A call that waits for this point of time: in a child, while we set the clock.
static void waiting(const char* what, long (*call)(const timespec& until)) {
  const pid_t child = in_child([&] {
    const timespec until = a_while_from_now();
    const long began = now(CLOCK_MONOTONIC);
    say("%s: %s", what, outcome(call(until)));
    const bool early = now(CLOCK_REALTIME) < until.tv_sec * kSecond + until.tv_nsec;
    say("%s%s, ", early ? ", too early" : "", now(CLOCK_MONOTONIC) - began > 600 * kSecond ? ", too late" : "");
    return 0;
  });
  if (sets()) {
    await_asleep(child);
    advance(-600 * kSecond);  // it sleeps for longer
    await_asleep(child);
    advance(kHour + 600 * kSecond);
  }
  say_end("child", child);
}

static void calls() {
  waiting("clock_nanosleep", [](const timespec& until) {
    return ::syscall(SYS_clock_nanosleep, CLOCK_REALTIME, TIMER_ABSTIME, &until, nullptr);
  });
  waiting("clock_nanosleep, TAI", [](const timespec& until) {
    return ::syscall(SYS_clock_nanosleep, CLOCK_TAI, TIMER_ABSTIME, &until, nullptr);
  });
  waiting("FUTEX_WAIT_BITSET", [](const timespec& until) {
    unsigned word = 0;
    return ::syscall(SYS_futex, &word, FUTEX_WAIT_BITSET | FUTEX_CLOCK_REALTIME, 0, &until, nullptr, ~0u);
  });
  waiting("FUTEX_LOCK_PI", [](const timespec& until) {
    unsigned word = static_cast<unsigned>(::getppid());
    return ::syscall(SYS_futex, &word, FUTEX_LOCK_PI, 0, &until, nullptr, 0);
  });
  waiting("mq_timedreceive", [](const timespec& until) {
    const mqd_t queue = ::mq_open("/wall_clock", O_RDONLY | O_CREAT, 0600, nullptr);
    ::mq_unlink("/wall_clock");
    char message[8192];
    return static_cast<long>(::mq_timedreceive(queue, message, sizeof message, nullptr, &until));
  });
}

static volatile sig_atomic_t came = 0;

static void timers() {
  ::signal(SIGALRM, [](int) { came = came + 1; });
  sigset_t mask, before;
  ::sigemptyset(&mask);
  ::sigaddset(&mask, SIGALRM);
  ::sigprocmask(SIG_BLOCK, &mask, &before);
  timer_t timer, other;
  ::timer_create(CLOCK_REALTIME, nullptr, &timer);
  sigevent quiet{};
  quiet.sigev_notify = SIGEV_NONE;
  ::timer_create(CLOCK_REALTIME, &quiet, &other);
  // A duration stays as it is.
  itimerspec value{{}, {7200, 0}}, left{};
  ::timer_settime(other, 0, &value, nullptr);
  value = {{}, a_while_from_now()};
  ::timer_settime(timer, TIMER_ABSTIME, &value, nullptr);
  advance(kHour);
  while (came == 0) ::sigsuspend(&before);
  ::timer_gettime(timer, &left);
  say("it came, left %ld\n", left.it_value.tv_nsec);
  ::timer_gettime(other, &left);
  say("of a duration: %d\n", left.it_value.tv_sec > 7000 && left.it_value.tv_sec <= 7200);
  // Back: more is left until a point.
  value = {{}, at(now(CLOCK_REALTIME) + (sets() ? 1 : 2) * kHour)};
  ::timer_settime(other, TIMER_ABSTIME, &value, nullptr);
  advance(-kHour);
  ::timer_gettime(other, &left);
  say("set back: %d\n", left.it_value.tv_sec > 7000 && left.it_value.tv_sec <= 7200);
  // What it is set over is missed.
  came = 0;
  value = {at(sets() ? kHour : kHour / 2), a_while_from_now()};
  if (!sets()) value.it_value = at(now(CLOCK_REALTIME) - 2 * kHour);
  ::timer_settime(timer, TIMER_ABSTIME, &value, nullptr);
  advance(5 * kHour + 60 * kSecond);
  while (came == 0) ::sigsuspend(&before);
  ::timer_gettime(timer, &left);
  say("periodic: missed %d, left in bounds %d\n", ::timer_getoverrun(timer), left.it_value.tv_sec <= 3600);
}

static const Topic topic("wall_clock", [] {
  calls();
  timers();
  return 0;
});
