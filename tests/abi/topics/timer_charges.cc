// A signal that a deleted timer has left pending still counts against RLIMIT_SIGPENDING (timer_create(2), EAGAIN), and
// is not delivered.
#include <signal.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "../topic.h"

using namespace abi;

static int run() {
  constexpr int kLimit = 16;
  const rlimit limit{.rlim_cur = kLimit, .rlim_max = kLimit};
  ::setrlimit(RLIMIT_SIGPENDING, &limit);
  ::setuid(fresh_user());
  static volatile sig_atomic_t delivered = 0;
  ::signal(SIGRTMIN, [](int) { delivered = delivered + 1; });
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGRTMIN);
  ::sigprocmask(SIG_BLOCK, &signals, nullptr);
  sigevent event{};
  event.sigev_notify = SIGEV_SIGNAL;
  event.sigev_signo = SIGRTMIN;
  int made = 0;
  for (; made < 4 * kLimit; ++made) {
    timer_t timer;
    if (::timer_create(CLOCK_MONOTONIC, &event, &timer) < 0) break;
    const itimerspec soon{.it_interval = {}, .it_value = {.tv_sec = 0, .tv_nsec = 1}};
    ::timer_settime(timer, 0, &soon, nullptr);
    ::usleep(1000);
    ::timer_delete(timer);
  }
  say("made and deleted %s the limit allows, then: %s\n", made <= kLimit ? "what" : "more than",
      outcome(made < 4 * kLimit ? -1 : 0));
  ::sigprocmask(SIG_UNBLOCK, &signals, nullptr);
  ::usleep(1000);
  say("delivered: %d\n", delivered);
  timer_t timer;
  say("another one then: %s\n", outcome(::timer_create(CLOCK_MONOTONIC, &event, &timer)));
  return 0;
}

static const Topic topic("timer_charges", run);
