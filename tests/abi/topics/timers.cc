// alarm, setitimer and timer_create: what they report and how often they fire. Times are only compared with generous
// bounds.
#include <errno.h>
#include <signal.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cstring>

#include "../topic.h"

using namespace abi;

static volatile sig_atomic_t count;
static siginfo_t last;

static void install(int number) {
  struct sigaction description {};
  description.sa_sigaction = [](int, siginfo_t* information, void*) {
    last = *information;
    count = count + 1;
  };
  description.sa_flags = SA_SIGINFO;
  ::sigemptyset(&description.sa_mask);
  ::sigaction(number, &description, nullptr);
}

static void interval_timers() {
  for (const unsigned seconds : {10'000u, 0u, 0u}) {
    const unsigned left = ::alarm(seconds);
    say("alarm(%u): %s\n", seconds, left == 0 ? "none" : left > 9'000 && left <= 10'000 ? "it is left" : "wrong");
  }
  install(SIGALRM);
  const itimerval periodic{{0, 10'000}, {0, 10'000}};
  itimerval old;
  ::setitimer(ITIMER_REAL, &periodic, nullptr);
  while (count < 3) ::pause();
  say("SIGALRM code %d\n", last.si_code);
  const itimerval off{};
  ::setitimer(ITIMER_REAL, &off, &old);
  say("interval %ld us, remaining in bounds %d\n", old.it_interval.tv_usec, old.it_value.tv_usec <= 10'000);
  ::getitimer(ITIMER_REAL, &old);
  say("disarmed: %ld\n", old.it_value.tv_usec);
  const itimerval bad{{0, 0}, {0, 1'000'000}};
  say("bad microseconds: %s\n", outcome(::setitimer(ITIMER_REAL, &bad, nullptr)));

  // CPU time: a busy loop sees it, a sleep does not.
  install(SIGVTALRM);
  install(SIGPROF);
  for (const int which : {ITIMER_VIRTUAL, ITIMER_PROF}) {
    const itimerval once{{0, 0}, {0, 20'000}};
    int asleep = 1;
    // A VM that has to wait for its processor takes the wait for its own CPU time, so a single look proves nothing; a
    // timer that counted the sleep would fire each time.
    for (int attempt = 0; attempt < 20 && asleep != 0; ++attempt) {
      count = 0;
      ::setitimer(static_cast<__itimer_which_t>(which), &once, nullptr);
      ::usleep(60'000);
      asleep = count;
    }
    while (count == 0) {
    }
    say("timer %d: asleep %d, busy %d, signal SIG%s\n", which, asleep, static_cast<int>(count),
        ::sigabbrev_np(last.si_signo));
  }
  // Timers do not pass to children.
  ::alarm(100);
  say_end("the child's alarm", in_child([] { return static_cast<int>(::alarm(0)); }));
  ::alarm(0);
}

static void posix_timers() {
  install(SIGRTMIN);
  sigevent event{};
  event.sigev_notify = SIGEV_SIGNAL;
  event.sigev_signo = SIGRTMIN;
  event.sigev_value.sival_int = 77;
  timer_t timer;
  say("create: %s\n", outcome(::timer_create(CLOCK_MONOTONIC, &event, &timer)));
  const itimerspec periodic{{0, 5'000'000}, {0, 5'000'000}};
  itimerspec now;
  count = 0;
  ::timer_settime(timer, 0, &periodic, nullptr);
  while (count < 3) ::pause();
  say("code %d, value %d\n", last.si_code, last.si_value.sival_int);

  // While the signal is blocked, expiries are overruns of the one that is pending.
  sigset_t set;
  ::sigemptyset(&set);
  ::sigaddset(&set, SIGRTMIN);
  ::sigprocmask(SIG_BLOCK, &set, nullptr);
  ::usleep(100'000);
  siginfo_t information;
  ::sigwaitinfo(&set, &information);
  say("overrun is many %d, and what timer_getoverrun says %d\n", information.si_overrun > 5,
      information.si_overrun == ::timer_getoverrun(timer));
  ::timer_gettime(timer, &now);
  say("interval %ld ns, remaining in bounds %d\n", now.it_interval.tv_nsec,
      now.it_value.tv_nsec > 0 && now.it_value.tv_nsec <= 5'000'000);
  ::timer_delete(timer);
  ::sigprocmask(SIG_UNBLOCK, &set, nullptr);
  say("gone: %s\n", outcome(::timer_gettime(timer, &now)));

  // An absolute time in the past expires at once; SIGEV_NONE only counts.
  ::timer_create(CLOCK_REALTIME, &event, &timer);
  const itimerspec past{{0, 0}, {1, 0}};
  count = 0;
  ::timer_settime(timer, TIMER_ABSTIME, &past, nullptr);
  while (count == 0) ::usleep(1000);
  say("past: %d\n", static_cast<int>(count));
  ::timer_delete(timer);
  event.sigev_notify = SIGEV_NONE;
  ::timer_create(CLOCK_MONOTONIC, &event, &timer);
  const itimerspec later{{0, 0}, {5'000, 0}};
  ::timer_settime(timer, 0, &later, nullptr);
  ::timer_gettime(timer, &now);
  say("SIGEV_NONE: time left is sensible %d\n", now.it_value.tv_sec > 4'000 && now.it_value.tv_sec < 5'000);
  say("bad clock: %s\n", outcome(::timer_create(99, &event, &timer)));
}

static int run() {
  interval_timers();
  posix_timers();
  return 0;
}

static const Topic topic("timers", run);
