// The parent's side while a payload runs: passes signals on, and turns the end of the payload into an exit status.
#pragma once

#include <signal.h>
#include <sys/types.h>

#include "common/unique_fd.h"
#include "vmm/inherited_signals.h"

namespace husk::runner {

class TerminalRelay;

// Blocks the signals that are passed on, all but those that husk was started with as ignored, for as long as it lives,
// so that none is lost between the start of the payload and the first wait. The payload's process has to restore
// `previous_mask` before it runs the payload.
class SignalGate {
 public:
  // Signals that stop husk (^Z, or reading the terminal in the background). Taken: the payload is stopped with it. Left:
  // they do what they do, since the terminal sends them to the payload as well, or since ^Z is none of husk's.
  enum class Stops { kLeft, kTaken };

  // `ignored`: what settle_signals() returned.
  SignalGate(Stops stops, SignalBits ignored);
  ~SignalGate();
  SignalGate(const SignalGate&) = delete;
  SignalGate& operator=(const SignalGate&) = delete;

  const sigset_t& previous_mask() const { return previous_mask_; }
  int descriptor() const { return descriptor_.get(); }  // a signalfd

 private:
  sigset_t previous_mask_;
  UniqueFd descriptor_;
};

struct Payload {
  pid_t pid = -1;
  UniqueFd pidfd;
  UniqueFd listener;             // seccomp listener; not open for a plain process, which is no namespace's process 1
  bool shares_terminal = false;  // in the process group that the terminal sends its signals to, together with husk
  // What is stopped and continued together with husk (Stops::kTaken): a process, or a process group as kill(2) has it.
  pid_t stopped_with_husk = 0;
  int stop_signal = 0;  // what it gets for SIGTERM; 0: that
};

// Runs until the payload has ended, reaps it, and returns the status that husk exits with. `terminal` may be null.
int supervise(Payload& payload, const SignalGate& gate, TerminalRelay* terminal = nullptr);

// Takes back what settle_signals() has set, SIGPIPE and SIGXFSZ, and restores the mask. Handlers, which no other signal has
// here, would end with execve(2); what was ignored when husk was started stays so, as without husk.
void reset_signals(const sigset_t& mask, SignalBits ignored);

// tcsetpgrp(3) on standard input for a caller that may be in the background, with SIGTTOU blocked: process 1 of a pid
// namespace, which that signal cannot stop, would try again for ever.
void set_foreground_group(pid_t group);

}  // namespace husk::runner
