// WNOHANG, WUNTRACED, WCONTINUED, waitid with WNOWAIT, and SIGCHLD.
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../topic.h"

using namespace abi;

static volatile sig_atomic_t children_signalled = 0;

static int run() {
  int ends[2];
  ::pipe(ends);
  int status = 0;
  char byte = 0;
  pid_t child = in_child([&] {
    ::read(ends[0], &byte, 1);
    ::usleep(300'000);  // the parent shall see that it was continued before it sees that it has ended
    return 9;
  });
  say("WNOHANG while it lives: %d\n", ::waitpid(child, &status, WNOHANG));
  say("stop it: %s\n", outcome(::kill(child, SIGSTOP)));
  say("WUNTRACED: %s\n", ::waitpid(child, &status, WUNTRACED) == child ? "the child" : outcome(-1));
  say_status("it is", status);
  ::usleep(30'000);
  say("stopped: WNOHANG gives %d\n", ::waitpid(child, &status, WNOHANG));
  ::kill(child, SIGCONT);
  say("WCONTINUED: %s\n", ::waitpid(child, &status, WCONTINUED) == child ? "the child" : outcome(-1));
  say_status("it is", status);
  ::write(ends[1], "x", 1);
  siginfo_t information{};
  say("waitid with WNOWAIT: %s", outcome(::waitid(P_PID, static_cast<id_t>(child), &information, WEXITED | WNOWAIT)));
  say(", code %s, status %d\n", information.si_code == CLD_EXITED ? "CLD_EXITED" : "another", information.si_status);
  say_end("and again", child);
  say("waitid when it is gone: %s\n", outcome(::waitid(P_PID, static_cast<id_t>(child), &information, WEXITED)));
  child = in_child([] { return static_cast<int>(::raise(SIGTERM)); });
  ::waitid(P_ALL, 0, &information, WEXITED);
  say("killed: code %s, status %d, pid %s\n", information.si_code == CLD_KILLED ? "CLD_KILLED" : "another",
      information.si_status, information.si_pid == child ? "right" : "wrong");

  ::signal(SIGCHLD, [](int) { children_signalled = children_signalled + 1; });
  say_end("quick", in_child([] { return 0; }));
  say("SIGCHLD arrived: %s\n", children_signalled > 0 ? "yes" : "no");
  ::signal(SIGCHLD, SIG_IGN);
  child = in_child([] { return 4; });
  say("SIGCHLD ignored, children are reaped by themselves: %s\n", outcome(::waitpid(child, &status, 0)));
  ::signal(SIGCHLD, SIG_DFL);
  struct rusage usage {};
  child = in_child([] { return 5; });
  say("wait4: %s, its time is known: %s\n", ::wait4(child, &status, 0, &usage) == child ? "the child" : outcome(-1),
      usage.ru_utime.tv_sec >= 0 ? "yes" : "no");
  say("bad options: %s\n", outcome(::waitpid(-1, &status, 0x1000'0000)));
  return 0;
}

static const Topic topic("wait_options", run);
