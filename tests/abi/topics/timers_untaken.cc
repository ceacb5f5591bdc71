// Periodic timers whose signal nobody takes: they wait for it, and cost nothing. The long intervals are so that a slow
// machine says the same.
#include <signal.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "../counted_signals.h"
#include "../topic.h"

using namespace abi;

static constexpr itimerval kSoonThenLate{.it_interval = {1'000, 0}, .it_value = {0, 1'000}};
static constexpr itimerspec kSoonThenLateToo{.it_interval = {1'000, 0}, .it_value = {0, 1'000'000}};

static void await_pending(int number) {
  while (!pending(number)) ::usleep(1'000);
}
static const char* value_of_real() {
  itimerval now;
  ::getitimer(ITIMER_REAL, &now);
  if (now.it_interval.tv_sec != 1'000) return "none, and no interval";
  return now.it_value.tv_sec == 0 && now.it_value.tv_usec == 0 ? "none" : "some";
}

static void real_timer() {
  handle(SIGALRM);
  mask(SIG_BLOCK, SIGALRM);
  ::setitimer(ITIMER_REAL, &kSoonThenLate, nullptr);
  await_pending(SIGALRM);
  say("its signal pending, what remains: %s\n", value_of_real());
  mask(SIG_UNBLOCK, SIGALRM);
  say("taken by a handler (%d): %s\n", static_cast<int>(count), value_of_real());

  mask(SIG_BLOCK, SIGALRM);
  ::setitimer(ITIMER_REAL, &kSoonThenLate, nullptr);
  sigset_t set;
  ::sigemptyset(&set);
  ::sigaddset(&set, SIGALRM);
  ::sigwaitinfo(&set, nullptr);
  say("taken by sigwaitinfo: %s\n", value_of_real());
  ::setitimer(ITIMER_REAL, &kSoonThenLate, nullptr);
  await_pending(SIGALRM);
  ::signal(SIGALRM, SIG_IGN);
  handle(SIGALRM);
  say("pending and then ignored: %d, %s\n", pending(SIGALRM), value_of_real());
  mask(SIG_UNBLOCK, SIGALRM);

  // Ignored, it is lost. So the timer waits for another one that is sent to the process.
  ::signal(SIGALRM, SIG_IGN);
  ::setitimer(ITIMER_REAL, &kSoonThenLate, nullptr);
  ::usleep(20'000);
  say("ignored: %s\n", value_of_real());
  handle(SIGALRM);
  ::raise(SIGALRM);
  say("one for the thread: %s\n", value_of_real());
  ::kill(::getpid(), SIGALRM);
  say("one for the process: %s\n", value_of_real());
  const itimerval off{.it_interval = {1'000, 0}, .it_value = {0, 0}};
  ::setitimer(ITIMER_REAL, &off, nullptr);
  say("off: %s\n", value_of_real());
  ::kill(::getpid(), SIGALRM);
  say("and then a signal: %s\n", value_of_real());
}

static const char* value_of(timer_t timer) {
  itimerspec now;
  ::timer_gettime(timer, &now);
  if (now.it_interval.tv_sec != 1'000)
    return now.it_value.tv_sec != 0 ? "some, and no interval" : "none, and no interval";
  return now.it_value.tv_sec == 0 && now.it_value.tv_nsec == 0 ? "none" : "some";
}

static timer_t make(int notify, int number) {
  sigevent event{};
  event.sigev_notify = notify;
  event.sigev_signo = number;
  timer_t timer = nullptr;
  ::timer_create(CLOCK_MONOTONIC, &event, &timer);
  return timer;
}

static void posix_timers() {
  const timer_t timer = make(SIGEV_SIGNAL, SIGUSR1);
  handle(SIGUSR1);
  mask(SIG_BLOCK, SIGUSR1);
  // A timer's signal is one more than the one that is pending.
  count = 0;
  ::kill(::getpid(), SIGUSR1);
  ::timer_settime(timer, 0, &kSoonThenLateToo, nullptr);
  ::usleep(20'000);
  say("a timer's signal pending, what remains: %s\n", value_of(timer));
  mask(SIG_UNBLOCK, SIGUSR1);
  say("taken (%d), what remains: %s\n", static_cast<int>(count), value_of(timer));
  const itimerspec off{.it_interval = {1'000, 0}, .it_value = {0, 0}};
  ::timer_settime(timer, 0, &off, nullptr);
  say("off: %s\n", value_of(timer));
  ::timer_delete(timer);

  const timer_t silent = make(SIGEV_NONE, 0);
  ::timer_settime(silent, 0, &kSoonThenLateToo, nullptr);
  ::usleep(20'000);
  say("SIGEV_NONE, periodic: %s\n", value_of(silent));
  const itimerspec once{.it_interval = {}, .it_value = {0, 1'000'000}};
  ::timer_settime(silent, 0, &once, nullptr);
  ::usleep(20'000);
  say("SIGEV_NONE, once: %s\n", value_of(silent));
}

// The shortest periods of all kinds at the same time, with signals that are blocked, ignored or none: whoever has them
// gets on all the same.
static int work_with_many() {
  sigset_t most;
  ::sigfillset(&most);
  ::sigdelset(&most, SIGRTMIN);
  ::sigprocmask(SIG_BLOCK, &most, nullptr);
  ::signal(SIGRTMIN, SIG_IGN);
  const itimerval often{.it_interval = {0, 1}, .it_value = {0, 1}};
  for (const auto which : {ITIMER_REAL, ITIMER_VIRTUAL, ITIMER_PROF}) ::setitimer(which, &often, nullptr);
  const itimerspec always{.it_interval = {0, 1}, .it_value = {0, 1}};
  for (int index = 0; index < 12; ++index) {
    const timer_t timer = make(index % 3 == 0 ? SIGEV_NONE : SIGEV_SIGNAL, SIGRTMIN + index % 2);
    ::timer_settime(timer, 0, &always, nullptr);
  }
  volatile unsigned turns = 0;
  while (turns < 200'000) turns = turns + 1;
  return 5;
}

static int run() {
  real_timer();
  posix_timers();
  say_end("a child with the shortest periods", in_child(work_with_many));
  return 0;
}

static const Topic topic("timers_untaken", run);
