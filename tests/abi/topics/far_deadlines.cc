// Times so far away that they have no number of nanoseconds: they are the end of time, 292 years away, and neither "now"
// nor an error.
#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <poll.h>
#include <signal.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <cstdint>

#include "../topic.h"

using namespace abi;

static constexpr timespec kFar{.tv_sec = LONG_MAX, .tv_nsec = 999'999'999};
// Just beyond 2^63 and just below 2^64 nanoseconds.
static constexpr timespec kBeyondSigned{.tv_sec = 9'223'372'037, .tv_nsec = 0};
static constexpr timespec kBelowUnsigned{.tv_sec = 18'446'744'073, .tv_nsec = 0};

// Seconds to a precision that the time since boot or the Epoch does not change: one of 292 years is 92.
static long rounded(long seconds) {
  return seconds / 100'000'000;
}

// The C library makes a pselect6(2) of select(3), with a timeout that it has checked.
static long select_call(timeval* time) {
  return ::syscall(SYS_select, 0, nullptr, nullptr, nullptr, time);
}

static void interrupted(const char* what, long result) {
  say("%s: %ld %s\n", what, result, result < 0 ? outcome(result) : "");
}

static int run() {
  struct sigaction action {};
  action.sa_handler = [](int) {};
  ::sigaction(SIGALRM, &action, nullptr);
  // Again and again: the first may come before the call.
  const itimerval ticks{.it_interval = {.tv_sec = 0, .tv_usec = 100'000},
                        .it_value = {.tv_sec = 0, .tv_usec = 100'000}};
  ::setitimer(ITIMER_REAL, &ticks, nullptr);

  for (const timespec& time : {kFar, kBeyondSigned, kBelowUnsigned}) {
    timespec rest{};
    interrupted("nanosleep", ::nanosleep(&time, &rest));
    say("rest %ld\n", rounded(rest.tv_sec));
    for (const clockid_t clock : {CLOCK_MONOTONIC, CLOCK_REALTIME}) {
      say("until: %d\n", ::clock_nanosleep(clock, TIMER_ABSTIME, &time, nullptr));
      say("for: %d\n", ::clock_nanosleep(clock, 0, &time, &rest));
      say("rest %ld\n", rounded(rest.tv_sec));
    }
    timespec left = time;
    interrupted("ppoll", ::syscall(SYS_ppoll, nullptr, 0, &left, nullptr, 0));
    if (time.tv_sec != LONG_MAX) say("left %ld of %ld\n", rounded(left.tv_sec), rounded(time.tv_sec));
    left = time;
    interrupted("pselect", ::syscall(SYS_pselect6, 0, nullptr, nullptr, nullptr, &left, nullptr));
    timeval short_left{.tv_sec = time.tv_sec, .tv_usec = 999'999};
    interrupted("select", select_call(&short_left));
    std::uint32_t word = 0;
    interrupted("futex", ::syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 0, &time, nullptr, 0));
    interrupted("futex until", ::syscall(SYS_futex, &word, FUTEX_WAIT_BITSET_PRIVATE | FUTEX_CLOCK_REALTIME, 0, &time,
                                         nullptr, FUTEX_BITSET_MATCH_ANY));
    sigset_t set;
    ::sigemptyset(&set);
    ::sigaddset(&set, SIGUSR1);
    interrupted("sigtimedwait", ::sigtimedwait(&set, nullptr, &time));
  }
  interrupted("poll", ::poll(nullptr, 0, INT_MAX));
  timeval time{.tv_sec = LONG_MAX, .tv_usec = 1'000'000};
  interrupted("select with too many seconds", select_call(&time));
  time = {.tv_sec = -1, .tv_usec = 0};
  interrupted("select of the past", select_call(&time));
  time = {.tv_sec = 1, .tv_usec = -1};
  interrupted("select with too few microseconds", select_call(&time));

  const itimerval off{};
  ::setitimer(ITIMER_REAL, &off, nullptr);
  for (const int which : {ITIMER_REAL, ITIMER_VIRTUAL, ITIMER_PROF}) {
    const itimerval far{.it_interval = {.tv_sec = LONG_MAX, .tv_usec = 999'999},
                        .it_value = {.tv_sec = LONG_MAX, .tv_usec = 999'999}};
    itimerval set{};
    say("setitimer %d: %s", which, outcome(::setitimer(static_cast<__itimer_which_t>(which), &far, nullptr)));
    ::getitimer(static_cast<__itimer_which_t>(which), &set);
    // Of the ones that count CPU time, Linux says a negative one.
    say(", interval %ld.%06ld, left %ld\n", rounded(set.it_interval.tv_sec), set.it_interval.tv_usec,
        which == ITIMER_REAL ? rounded(set.it_value.tv_sec) : 0);
    ::setitimer(static_cast<__itimer_which_t>(which), &off, nullptr);
  }
  ::alarm(UINT_MAX);
  say("alarm: %d\n", ::alarm(0) > UINT_MAX - 100);

  sigevent event{};
  event.sigev_notify = SIGEV_SIGNAL;
  event.sigev_signo = SIGUSR2;  // would end the process
  for (const clockid_t clock : {CLOCK_MONOTONIC, CLOCK_REALTIME, CLOCK_BOOTTIME}) {
    timer_t timer;
    ::timer_create(clock, &event, &timer);
    for (const int flags : {0, TIMER_ABSTIME}) {
      const itimerspec far{.it_interval = kFar, .it_value = kFar};
      itimerspec set{};
      say("timer_settime: %s", outcome(::timer_settime(timer, flags, &far, nullptr)));
      ::timer_gettime(timer, &set);
      // What is left until an absolute time depends on the time.
      say(", interval %ld.%09ld, left %ld\n", rounded(set.it_interval.tv_sec), set.it_interval.tv_nsec,
          flags && clock == CLOCK_REALTIME ? 0 : rounded(set.it_value.tv_sec));
    }
    ::usleep(20'000);
    ::timer_delete(timer);
  }
  return 0;
}

static const Topic topic("far_deadlines", run);
