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

// Makes the call and has a child interrupt it once it sleeps, without SA_RESTART and with it. The second one needs
// something else that ends the call: the child does so once the call sleeps again.
static void interrupt(const char* what, const std::function<long()>& call, const std::function<void()>& finish) {
  const pid_t parent = ::getpid();
  for (const int flags : {0, static_cast<int>(SA_RESTART)}) {
    install(flags);
    handled = 0;
    const pid_t child = in_child([&] {
      await_asleep(parent);
      ::kill(parent, SIGALRM);
      if (flags == 0) return 0;
      await_asleep(parent);
      finish();
      return 0;
    });
    const char* result = outcome(call());
    say("%s%s: %s, handled %d\n", what, flags == 0 ? "" : " with SA_RESTART", result, handled);
    ::waitpid(child, nullptr, 0);
  }
}

// Makes the call with alarms on the way, the first of which may come before the call sleeps.
static const char* with_alarms(const std::function<long()>& call) {
  itimerval timer{{0, 100'000}, {0, 20'000}};
  ::setitimer(ITIMER_REAL, &timer, nullptr);
  const char* result = outcome(call());
  timer = {};
  ::setitimer(ITIMER_REAL, &timer, nullptr);
  return result;
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
    say("pause: %s\n", with_alarms(::pause));
    say("poll: %s\n", with_alarms([&] {
          pollfd nothing{ends[0], POLLIN, 0};
          return static_cast<long>(::poll(&nothing, 1, 1'000'000));
        }));
    timespec rest{0, 0};
    say("nanosleep: %s", with_alarms([&] {
          const timespec time{1'000, 0};
          return static_cast<long>(::nanosleep(&time, &rest));
        }));
    say(", remaining is sensible %d\n", rest.tv_sec > 900 && rest.tv_sec < 1'000);
    say("clock_nanosleep: %s\n", with_alarms([] {
          timespec until;
          ::clock_gettime(CLOCK_MONOTONIC, &until);
          until.tv_sec += 1'000;
          errno = ::clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, nullptr);
          return errno != 0 ? -1L : 0L;
        }));
  }

  // Stopping and continuing is no interruption: the sleep goes on, to its original end. One that began anew would take
  // half a second or more each time; one that goes on only where the machine is busy.
  constexpr int kTookLonger = 3;
  int status = W_EXITCODE(kTookLonger, 0);
  int stopped = 0;
  for (int attempt = 0; attempt < 20 && status == W_EXITCODE(kTookLonger, 0); ++attempt) {
    const pid_t sleeper = in_child([] {
      const timespec time{0, 300'000'000};
      timespec before;
      timespec after;
      ::clock_gettime(CLOCK_MONOTONIC, &before);
      if (::nanosleep(&time, nullptr) != 0) return 1;
      ::clock_gettime(CLOCK_MONOTONIC, &after);
      const double seconds =
          static_cast<double>(after.tv_sec - before.tv_sec) + static_cast<double>(after.tv_nsec - before.tv_nsec) / 1e9;
      return seconds < 0.3 ? 2 : seconds < 0.5 ? 0 : kTookLonger;
    });
    await_asleep(sleeper);
    ::kill(sleeper, SIGSTOP);
    ::waitpid(sleeper, &stopped, WUNTRACED);
    if (!WIFSTOPPED(stopped)) continue;  // too late
    ::usleep(200'000);
    ::kill(sleeper, SIGCONT);
    ::waitpid(sleeper, &status, 0);
  }
  say_status("sleeper", stopped);
  say_status("sleeper", status);
  return 0;
}

static const Topic topic("signal_restart", run);
