// Signal handlers: what they see, flags, nesting, and default actions.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "../topic.h"

using namespace abi;

static volatile sig_atomic_t seen = 0;

static void note(int number) {
  seen = seen * 100 + number;
}

static void detailed(int number, siginfo_t* information, void*) {
  say("handler: SIG%s, si_signo %s, si_code %s, sender %s, uid %s\n", ::sigabbrev_np(number),
      information->si_signo == number ? "right" : "wrong",
      information->si_code == SI_USER    ? "SI_USER"
      : information->si_code == SI_TKILL ? "SI_TKILL"
      : information->si_code == SI_QUEUE ? "SI_QUEUE"
                                         : "another",
      information->si_pid == ::getpid() ? "self" : "another", information->si_uid == ::getuid() ? "own" : "another");
  if (information->si_code == SI_QUEUE) say("value %d\n", information->si_value.sival_int);
}

static void set_handler(int number, void (*handler)(int), int flags) {
  struct sigaction action {};
  action.sa_handler = handler;
  action.sa_flags = flags;
  ::sigaction(number, &action, nullptr);
}

static void flags() {
  struct sigaction action {};
  action.sa_sigaction = detailed;
  action.sa_flags = SA_SIGINFO;
  ::sigaction(SIGUSR1, &action, nullptr);
  ::kill(::getpid(), SIGUSR1);
  ::raise(SIGUSR1);
  ::sigqueue(::getpid(), SIGUSR1, sigval{.sival_int = 42});

  struct sigaction old {};
  ::sigaction(SIGUSR1, nullptr, &old);
  say("sigaction returns it: %s, SA_SIGINFO %s\n", old.sa_sigaction == detailed ? "yes" : "no",
      old.sa_flags & SA_SIGINFO ? "set" : "clear");

  set_handler(SIGUSR2, note, SA_RESETHAND);
  ::raise(SIGUSR2);
  ::sigaction(SIGUSR2, nullptr, &old);
  say("SA_RESETHAND: default again: %s\n", old.sa_handler == SIG_DFL ? "yes" : "no");

  // Without SA_NODEFER a signal waits until its handler has returned.
  static int depth = 0, deepest = 0;
  const auto nested = [](int number) {
    if (++depth > deepest) deepest = depth;
    if (deepest < 3 && depth < 3) ::raise(number);
    --depth;
  };
  set_handler(SIGUSR2, nested, SA_NODEFER);
  ::raise(SIGUSR2);
  say("SA_NODEFER nests to %d\n", deepest);
}

static void interrupted_calls() {
  int ends[2];
  ::pipe(ends);
  const pid_t parent = ::getpid();
  set_handler(SIGUSR1, note, 0);
  pid_t child = in_child([parent] {
    await_asleep(parent);
    ::kill(parent, SIGUSR1);
    return 0;
  });
  char byte = 0;
  say("read without SA_RESTART: %s\n", outcome(::read(ends[0], &byte, 1)));
  say_end("killer", child);
  set_handler(SIGUSR1, note, SA_RESTART);
  child = in_child([parent, &ends] {
    await_asleep(parent);
    ::kill(parent, SIGUSR1);
    await_asleep(parent);  // in the call that is made again
    ::write(ends[1], "x", 1);
    return 0;
  });
  say("read with SA_RESTART: %s\n", outcome(::read(ends[0], &byte, 1)));
  say_end("killer", child);
  child = in_child([parent] {
    await_asleep(parent);
    ::kill(parent, SIGUSR1);
    return 0;
  });
  say("pause: %s\n", outcome(::pause()));
  say_end("killer", child);
}

static int run() {
  flags();
  interrupted_calls();
  for (const int number : {SIGTERM, SIGKILL, SIGABRT, SIGFPE, SIGSEGV, SIGUSR1, SIGALRM, SIGPIPE, SIGRTMIN, SIGCHLD,
                           SIGURG, SIGWINCH, SIGCONT}) {
    say_end(number == SIGRTMIN ? "RTMIN" : ::sigabbrev_np(number), in_child([number] {
              ::signal(SIGUSR1, SIG_DFL);
              ::kill(::getpid(), number);
              return 0;
            }));
  }
  say("kill with signal 0: %s\n", outcome(::kill(::getpid(), 0)));
  say("signal 65: %s\n", outcome(::kill(::getpid(), 65)));
  say("no such process: %s\n", outcome(::kill(999999, SIGTERM)));
  struct sigaction action {};
  say("handler for SIGKILL: %s\n", outcome(::sigaction(SIGKILL, &action, nullptr)));
  return 0;
}

static const Topic topic("signals_handlers", run);
