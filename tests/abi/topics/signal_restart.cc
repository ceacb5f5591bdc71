// System calls that signals interrupt: which fail with EINTR, which are made again, which go on.
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <functional>

#include "../topic.h"

using namespace abi;

static int handled;

static void install(int flags) {
  struct sigaction description {};
  description.sa_handler = [](int) { ++handled; };
  description.sa_flags = flags;
  ::sigemptyset(&description.sa_mask);
  ::sigaction(SIGALRM, &description, nullptr);
}

static void alarm_after(long microseconds) {
  const itimerval timer{{0, 0}, {0, microseconds}};
  ::setitimer(ITIMER_REAL, &timer, nullptr);
}

// Makes the call with an alarm on the way, without SA_RESTART and with it. The second one needs something else that
// ends the call: a child that does so later.
static void interrupt(const char* what, const std::function<long()>& call, const std::function<void()>& finish) {
  install(0);
  handled = 0;
  alarm_after(20'000);
  const char* result = outcome(call());
  say("%s: %s, handled %d\n", what, result, handled);
  install(SA_RESTART);
  handled = 0;
  const pid_t child = in_child([&] {
    ::usleep(80'000);
    finish();
    return 0;
  });
  alarm_after(20'000);
  result = outcome(call());
  say("%s with SA_RESTART: %s, handled %d\n", what, result, handled);
  ::waitpid(child, nullptr, 0);
}

static int run() {
  int ends[2];
  if (::pipe(ends) != 0) return 1;
  char byte;
  interrupt(
      "read", [&] { return ::read(ends[0], &byte, 1); }, [&] { (void)!::write(ends[1], "x", 1); });

  // A wait for a child that only ends when it is told to.
  static pid_t waited_for;
  waited_for = in_child([] {
    ::pause();
    return 0;
  });
  interrupt(
      "waitpid", [] { return static_cast<long>(::waitpid(waited_for, nullptr, 0)); },
      [] { ::kill(waited_for, SIGKILL); });

  // Never made again, whatever SA_RESTART says (signal(7)).
  for (const int flags : {0, static_cast<int>(SA_RESTART)}) {
    install(flags);
    alarm_after(20'000);
    say("pause: %s\n", outcome(::pause()));
    alarm_after(20'000);
    pollfd nothing{ends[0], POLLIN, 0};
    say("poll: %s\n", outcome(::poll(&nothing, 1, 10'000)));
    alarm_after(20'000);
    const timespec second{1, 0};
    timespec rest{0, 0};
    say("nanosleep: %s", outcome(::nanosleep(&second, &rest)));
    say(", remaining is sensible %d\n", rest.tv_sec == 0 && rest.tv_nsec > 800'000'000);
    alarm_after(20'000);
    timespec until;
    ::clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += 1;
    errno = ::clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, nullptr);
    say("clock_nanosleep: %s\n", outcome(errno != 0 ? -1 : 0));
  }

  // Stopping and continuing is no interruption: the sleep goes on, to its original end.
  const pid_t sleeper = in_child([] {
    const timespec time{0, 200'000'000};
    timespec before;
    timespec after;
    ::clock_gettime(CLOCK_MONOTONIC, &before);
    const int result = ::nanosleep(&time, nullptr);
    ::clock_gettime(CLOCK_MONOTONIC, &after);
    const double seconds =
        static_cast<double>(after.tv_sec - before.tv_sec) + static_cast<double>(after.tv_nsec - before.tv_nsec) / 1e9;
    return result == 0 && seconds >= 0.2 && seconds < 1.0 ? 0 : 1;
  });
  ::usleep(30'000);
  ::kill(sleeper, SIGSTOP);
  int status;
  ::waitpid(sleeper, &status, WUNTRACED);
  say_status("sleeper", status);
  ::kill(sleeper, SIGCONT);
  say_end("sleeper", sleeper);
  return 0;
}

static const Topic topic("signal_restart", run);
