// Stopping and continuing processes, and what their parents see of it.
#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>

#include "../topic.h"

using namespace abi;

static siginfo_t last;
static volatile sig_atomic_t count;

static void on_child(int, siginfo_t* information, void*) {
  last = *information;
  count = count + 1;
}

static void install(int flags) {
  struct sigaction description {};
  description.sa_sigaction = on_child;
  description.sa_flags = SA_SIGINFO | SA_RESTART | flags;
  ::sigemptyset(&description.sa_mask);
  ::sigaction(SIGCHLD, &description, nullptr);
}

static pid_t idle_child() {
  return in_child([]() -> int {
    for (;;) ::pause();
  });
}

static void wait_and_say(const char* what, pid_t child, int options) {
  int status = 0;
  const pid_t waited = ::waitpid(child, &status, options);
  if (waited == child) {
    say_status(what, status);
  } else {
    say("%s: waitpid gives %s\n", what, waited == 0 ? "nothing" : outcome(-1));
  }
}

static void say_last(const char* what, pid_t child) {
  say("%s: SIGCHLD %d times, code %d, status %d, right pid %d\n", what, static_cast<int>(count), last.si_code,
      last.si_status, last.si_pid == child);
  count = 0;
}

// Linux lets wait(2) tell of a stop, and more so of a continuation, a moment before it sends SIGCHLD for it.
static void await_signal(int code) {
  while (last.si_code != code) ::usleep(1'000);
}

static int run() {
  install(0);
  pid_t child = idle_child();
  ::kill(child, SIGSTOP);
  wait_and_say("stopped", child, WUNTRACED);
  await_signal(CLD_STOPPED);
  say_last("stopped", child);
  wait_and_say("told once", child, WUNTRACED | WNOHANG);
  ::kill(child, SIGUSR1);  // stays pending: a stopped process does not even die of it
  wait_and_say("still stopped", child, WUNTRACED | WNOHANG);
  ::kill(child, SIGCONT);
  say_end("continued, it dies of what was pending", child);
  count = 0;

  child = idle_child();
  last.si_code = 0;
  ::kill(child, SIGSTOP);
  wait_and_say("stopped", child, WUNTRACED);
  await_signal(CLD_STOPPED);  // while this SIGCHLD is pending, the next one would be lost
  ::kill(child, SIGCONT);
  wait_and_say("continued", child, WCONTINUED);
  await_signal(CLD_CONTINUED);
  count = 0;
  ::kill(child, SIGSTOP);
  siginfo_t information{};
  ::waitid(P_PID, static_cast<id_t>(child), &information, WSTOPPED | WNOWAIT);
  say("waitid: code %d, status %d\n", information.si_code, information.si_status);
  ::waitid(P_PID, static_cast<id_t>(child), &information, WSTOPPED);
  say("waitid again: code %d, status %d\n", information.si_code, information.si_status);
  await_signal(CLD_STOPPED);
  ::kill(child, SIGKILL);
  say_end("a stopped process can be killed", child);
  say_last("killed", child);

  // The terminal's stop signals do not stop an orphaned process group; SIGSTOP does. Without a session of its own the
  // test's group may be one or not, so make one: a session leader's group has no parent in its session.
  say_end("orphaned group", in_child([] {
            ::setsid();
            ::raise(SIGTSTP);
            ::raise(SIGTTIN);
            ::raise(SIGTTOU);
            return 5;
          }));

  // SIGCONT discards pending stop signals, and the other way round.
  say_end("opposites", in_child([] {
            sigset_t set;
            sigset_t pending;
            ::sigemptyset(&set);
            ::sigaddset(&set, SIGTSTP);
            ::sigaddset(&set, SIGCONT);
            ::sigprocmask(SIG_BLOCK, &set, nullptr);
            ::raise(SIGTSTP);
            ::raise(SIGCONT);
            ::sigpending(&pending);
            say("pending: SIGTSTP %d SIGCONT %d\n", ::sigismember(&pending, SIGTSTP), ::sigismember(&pending, SIGCONT));
            ::raise(SIGTSTP);
            ::sigpending(&pending);
            say("pending: SIGTSTP %d SIGCONT %d\n", ::sigismember(&pending, SIGTSTP), ::sigismember(&pending, SIGCONT));
            return 0;
          }));

  install(SA_NOCLDSTOP);
  count = 0;
  child = idle_child();
  ::kill(child, SIGSTOP);
  wait_and_say("quietly stopped", child, WUNTRACED);
  say("SIGCHLD %d times\n", static_cast<int>(count));
  ::kill(child, SIGKILL);
  say_end("killed", child);
  count = 0;

  install(SA_NOCLDWAIT);
  child = in_child([] { return 3; });
  wait_and_say("nobody waits for it", child, 0);
  say("SIGCHLD %d times\n", static_cast<int>(count));
  ::signal(SIGCHLD, SIG_IGN);
  child = in_child([] { return 3; });
  wait_and_say("ignored", child, 0);
  return 0;
}

static const Topic topic("job_control", run);
