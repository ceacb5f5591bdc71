// What a signal does to a process that has said nothing about it.
#pragma once

#include <signal.h>

namespace husk {

// signal(7), "Standard signals": every other default action ends the process.
inline bool ends_by_default(int signo) {
  switch (signo) {
    case SIGCHLD:
    case SIGCONT:
    case SIGSTOP:
    case SIGTSTP:
    case SIGTTIN:
    case SIGTTOU:
    case SIGURG:
    case SIGWINCH:
      return false;
    default:
      return signo > 0 && signo <= SIGRTMAX;
  }
}

}  // namespace husk
