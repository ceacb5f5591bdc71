// Who may signal whom: kill(2), "For a process to have permission to send a signal".
#pragma once

#include "task/signal_state.h"

namespace kernel::task {
class Process;
}

namespace kernel::syscall {

inline bool is_signal(int signal) {
  return signal >= 1 && signal <= task::kSignalCount;
}

// Signal 0 only asks.
bool may_signal(task::Process& target, int signal);

}  // namespace kernel::syscall
