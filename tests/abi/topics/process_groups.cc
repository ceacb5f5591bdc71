// Process groups and sessions: ids, inheritance, signals to a group, waiting for a group.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../topic.h"

using namespace abi;

static int run() {
  say("own group and session exist: %s %s\n", ::getpgrp() >= 0 ? "yes" : "no", ::getsid(0) >= 0 ? "yes" : "no");
  say_end("inherits", in_child([] {
            const pid_t group = ::getpgrp();
            return ::getpgid(::getppid()) == group && ::getsid(0) == ::getsid(::getppid()) ? 0 : 1;
          }));
  say_end("own group", in_child([] {
            say("setpgid: %s\n", outcome(::setpgid(0, 0)));
            say("leader: %s\n", ::getpgrp() == ::getpid() ? "yes" : "no");
            say("a leader cannot make a session: %s\n", outcome(::setsid()));
            return 0;
          }));
  say_end("own session", in_child([] {
            const pid_t session = ::setsid();
            say("setsid: %s, group %s, session %s\n", outcome(session), ::getpgrp() == ::getpid() ? "own" : "other",
                ::getsid(0) == session ? "own" : "other");
            say("a session leader cannot change its group: %s\n", outcome(::setpgid(0, 0)));
            return 0;
          }));
  say("group of a stranger: %s\n", outcome(::setpgid(999999, 0)));
  say("negative group: %s\n", outcome(::setpgid(0, -1)));
  say("getpgid of nobody: %s\n", outcome(::getpgid(999999)));

  // Three children in one group die together.
  pid_t first = 0;
  pid_t children[3];
  for (pid_t& child : children) {
    child = in_child([first] {
      ::setpgid(0, first);
      for (;;) ::pause();
      return 0;
    });
    if (first == 0) first = child;
    ::setpgid(child, first);
  }
  say("kill the group: %s\n", outcome(::kill(-first, SIGTERM)));
  int count = 0, status = 0;
  while (::waitpid(-first, &status, 0) > 0) {
    ++count;
    say_status("member", status);
  }
  say("%d members, then %s\n", count, outcome(-1));
  say("kill an empty group: %s\n", outcome(::kill(-first, SIGTERM)));
  return 0;
}

static const Topic topic("process_groups", run);
