// Whose a process is, as its parent and others see it: siginfo of waitid(2) and SIGCHLD, getpriority(2) of a user's
// processes.
#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../topic.h"

using namespace abi;

namespace {

volatile sig_atomic_t signalled_uid;

void on_child(int, siginfo_t* information, void*) {
  signalled_uid = static_cast<int>(information->si_uid);
}

void wait_for(const char* what, pid_t child) {
  siginfo_t information{};
  ::waitid(P_PID, static_cast<id_t>(child), &information, WEXITED);
  say("%s: waitid says %u, SIGCHLD %d, status %d\n", what, information.si_uid, static_cast<int>(signalled_uid),
      information.si_status);
}

int run() {
  struct sigaction action {};
  action.sa_sigaction = on_child;
  action.sa_flags = SA_SIGINFO;
  ::sigaction(SIGCHLD, &action, nullptr);

  wait_for("root's", in_child([] { return 1; }));
  wait_for("of a child that became 1000", in_child([] {
             ::setresuid(1000, 1000, 1000);
             return 2;
           }));
  wait_for("of one that acts as 1001", in_child([] {
             ::setresuid(0, 1001, 0);
             return 3;
           }));
  say_end("a child of user 1002", in_child([] {
            ::setpriority(PRIO_PROCESS, 0, 3);
            ::setresuid(1002, 1002, 1002);
            wait_for("  its own child", in_child([] { return 4; }));
            int ends[2];
            ::pipe(ends);
            const pid_t other = in_child([&] {
              ::setpriority(PRIO_PROCESS, 0, 7);
              (void)!::write(ends[1], "r", 1);
              ::pause();
              return 0;
            });
            char byte;
            (void)!::read(ends[0], &byte, 1);
            errno = 0;
            say("  the best of the user's %d\n", ::getpriority(PRIO_USER, 1002));
            say("  worse for all %s", outcome(::setpriority(PRIO_USER, 1002, 11)));
            say(": %d and %d\n", ::getpriority(PRIO_PROCESS, 0), ::getpriority(PRIO_PROCESS, static_cast<id_t>(other)));
            say("  better %s", outcome(::setpriority(PRIO_PROCESS, 0, 5)));
            say(", somebody else's %s\n", outcome(::setpriority(PRIO_PROCESS, static_cast<id_t>(::getppid()), 12)));
            ::kill(other, SIGKILL);
            wait_for("  killed", other);
            return 0;
          }));
  errno = 0;
  say("nobody's %d", ::getpriority(PRIO_USER, 4242));
  say(" %s\n", outcome(errno == 0 ? 0 : -1));
  return 0;
}

const Topic topic("child_owner", run);

}  // namespace
