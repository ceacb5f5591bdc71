// Blocked and pending signals, sigsuspend, sigwaitinfo, queues of real-time signals.
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "../topic.h"

using namespace abi;

static sigset_t set_of(std::initializer_list<int> numbers) {
  sigset_t set;
  ::sigemptyset(&set);
  for (const int number : numbers) ::sigaddset(&set, number);
  return set;
}

static void handler(int number) {
  say("handled SIG%s\n", number >= SIGRTMIN ? "RT" : ::sigabbrev_np(number));
}

static void say_pending(const char* when) {
  sigset_t pending;
  ::sigpending(&pending);
  say("%s: pending", when);
  for (const int number : {SIGHUP, SIGINT, SIGUSR1, SIGUSR2, SIGTERM}) {
    if (::sigismember(&pending, number)) say(" %s", ::sigabbrev_np(number));
  }
  say("\n");
}

static int run() {
  ::signal(SIGUSR1, handler);
  ::signal(SIGUSR2, handler);
  const sigset_t both = set_of({SIGUSR1, SIGUSR2});
  sigset_t old;
  ::sigprocmask(SIG_BLOCK, &both, &old);
  say_pending("before");
  ::raise(SIGUSR1);
  ::raise(SIGUSR2);
  ::raise(SIGUSR1);  // a standard signal is pending once
  say_pending("blocked");
  const sigset_t one = set_of({SIGUSR2});
  ::sigprocmask(SIG_UNBLOCK, &one, nullptr);
  say_pending("one unblocked");

  const sigset_t none = set_of({});
  say("sigsuspend: %s\n", outcome(::sigsuspend(&none)));
  sigset_t now;
  ::sigprocmask(SIG_BLOCK, nullptr, &now);
  say("afterwards SIGUSR1 is %s\n", ::sigismember(&now, SIGUSR1) ? "blocked again" : "open");

  ::raise(SIGUSR1);
  siginfo_t information{};
  const sigset_t wanted = set_of({SIGUSR1});
  say("sigwaitinfo: SIG%s\n", ::sigabbrev_np(::sigwaitinfo(&wanted, &information)));
  const timespec soon{.tv_sec = 0, .tv_nsec = 20'000'000};
  say("sigtimedwait: %s\n", outcome(::sigtimedwait(&wanted, &information, &soon)));

  // Real-time signals queue, and the lowest number comes first.
  const sigset_t realtime = set_of({SIGRTMIN, SIGRTMIN + 1});
  ::sigprocmask(SIG_BLOCK, &realtime, nullptr);
  for (int i = 0; i < 3; ++i) {
    ::sigqueue(::getpid(), SIGRTMIN + 1, sigval{.sival_int = 10 + i});
    ::sigqueue(::getpid(), SIGRTMIN, sigval{.sival_int = i});
  }
  for (int i = 0; i < 6; ++i) {
    const int number = ::sigwaitinfo(&realtime, &information);
    say("SIGRTMIN+%d value %d\n", number - SIGRTMIN, information.si_value.sival_int);
  }

  // A handler's mask, and what is blocked while it runs.
  struct sigaction action {};
  action.sa_handler = [](int) {
    sigset_t mask;
    ::sigprocmask(SIG_BLOCK, nullptr, &mask);
    say("in the handler: HUP %d INT %d TERM %d\n", ::sigismember(&mask, SIGHUP), ::sigismember(&mask, SIGINT),
        ::sigismember(&mask, SIGTERM));
  };
  action.sa_mask = set_of({SIGINT});
  ::sigaction(SIGHUP, &action, nullptr);
  ::raise(SIGHUP);
  sigset_t after;
  ::sigprocmask(SIG_BLOCK, nullptr, &after);
  say("after it: HUP %d INT %d\n", ::sigismember(&after, SIGHUP), ::sigismember(&after, SIGINT));

  sigset_t all;
  ::sigfillset(&all);
  ::sigprocmask(SIG_SETMASK, &all, nullptr);
  ::sigprocmask(SIG_SETMASK, nullptr, &now);
  say("SIGKILL %d and SIGSTOP %d cannot be blocked\n", ::sigismember(&now, SIGKILL), ::sigismember(&now, SIGSTOP));
  say_end("a child inherits the mask, but nothing pending", in_child([] {
            say_pending("child");
            sigset_t mask;
            ::sigprocmask(SIG_SETMASK, nullptr, &mask);
            return ::sigismember(&mask, SIGTERM);
          }));
  say("a bad 'how': %s\n", outcome(::sigprocmask(77, &all, nullptr)));
  return 0;
}

static const Topic topic("signals_masks", run);
