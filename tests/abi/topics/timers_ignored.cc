// POSIX timers whose signal is ignored, dropped while it is pending, or no longer wanted: what Linux does since 6.13.
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "../counted_signals.h"
#include "../topic.h"

using namespace abi;

static constexpr itimerspec kSoonThenLate{.it_interval = {1'000, 0}, .it_value = {0, 1'000'000}};
static constexpr itimerspec kOnce{.it_interval = {}, .it_value = {0, 1'000'000}};

static void expire(timer_t timer, const itimerspec& setting) {
  ::timer_settime(timer, 0, &setting, nullptr);
  ::usleep(20'000);
}
static timer_t make(int number) {
  sigevent event{};
  event.sigev_notify = SIGEV_SIGNAL;
  event.sigev_signo = number;
  timer_t timer = nullptr;
  ::timer_create(CLOCK_MONOTONIC, &event, &timer);
  return timer;
}

static int run() {
  timer_t timer = make(SIGUSR1);
  ::signal(SIGUSR1, SIG_IGN);
  expire(timer, kSoonThenLate);
  say("ignored: %d\n", static_cast<int>(count));
  handle(SIGUSR1);
  say("a handler then: %d\n", static_cast<int>(count));
  ::signal(SIGUSR1, SIG_IGN);
  expire(timer, kOnce);
  handle(SIGUSR1);
  say("ignored once: %d\n", static_cast<int>(count));

  mask(SIG_BLOCK, SIGUSR1);
  expire(timer, kSoonThenLate);
  say("pending: %d\n", pending(SIGUSR1));
  ::signal(SIGUSR1, SIG_IGN);
  say("ignored: %d\n", pending(SIGUSR1));
  handle(SIGUSR1);
  say("a handler then: %d\n", pending(SIGUSR1));

  count = 0;
  const itimerspec late{.it_interval = {}, .it_value = {1'000, 0}};
  ::timer_settime(timer, 0, &late, nullptr);
  say("set anew while it is pending: %d\n", pending(SIGUSR1));
  mask(SIG_UNBLOCK, SIGUSR1);
  say("delivered: %d\n", static_cast<int>(count));
  mask(SIG_BLOCK, SIGUSR1);
  expire(timer, kOnce);
  expire(timer, kOnce);
  mask(SIG_UNBLOCK, SIGUSR1);
  say("expired again while it is pending: %d\n", static_cast<int>(count));
  ::timer_delete(timer);

  // A stop signal takes a SIGCONT with it.
  timer = make(SIGCONT);
  handle(SIGCONT);
  mask(SIG_BLOCK, SIGCONT);
  mask(SIG_BLOCK, SIGTSTP);
  expire(timer, kSoonThenLate);
  ::raise(SIGTSTP);
  say("SIGCONT and then a stop signal: %d\n", pending(SIGCONT));
  ::signal(SIGCONT, SIG_IGN);
  handle(SIGCONT);
  say("a handler then: %d\n", pending(SIGCONT));
  return 0;
}

static const Topic topic("timers_ignored", run);
