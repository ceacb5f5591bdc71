#include "vmm/inherited_signals.h"

#include <signal.h>

#include <array>

namespace husk {
namespace {

// Those that somebody may have a reason to ignore. Each costs a system call.
constexpr std::array kPassedOn = {SIGHUP,  SIGINT,  SIGQUIT, SIGUSR1, SIGUSR2,  SIGTERM,
                                  SIGALRM, SIGTSTP, SIGTTIN, SIGTTOU, SIGWINCH, SIGXFSZ};

}  // namespace

SignalBits settle_signals() {
  SignalBits ignored = 0;
  for (const int number : kPassedOn) {
    struct sigaction current {};
    if (::sigaction(number, nullptr, &current) == 0 && current.sa_handler == SIG_IGN) ignored |= signal_bit(number);
  }
  ::signal(SIGPIPE, SIG_IGN);
  ::signal(SIGXFSZ, SIG_IGN);
  ::signal(SIGCHLD, SIG_DFL);
  return ignored;
}

}  // namespace husk
