// Signals: sending, and delivering them on the way back to user mode. See signal(7).
#pragma once

#include "arch/x86_64/trap_frame.h"
#include "lib/result.h"
#include "task/signal_state.h"

namespace kernel::task {

class Process;
class Task;

// Sends to a process (any thread that does not block the signal takes it) or to one thread. Never fails visibly: a standard
// signal that finds no memory is pending without its info. Wakes whoever must act on it.
void send_signal(Process& process, const SignalInfo& info);
void send_signal(Task& task, const SignalInfo& info);
void send_signal_to_group(int process_group, const SignalInfo& info);
// A synchronous fault of the current task: cannot be blocked or ignored.
void force_signal(Task& task, const SignalInfo& info);

// Whether block() must return kRestart to this task.
bool has_deliverable_signal(const Task& task);

// Called on the way back to user mode, with the registers that will be loaded. Runs handlers (builds signal frames), default
// actions (may not return: the task may exit, or stop for a while), and restarts interrupted system calls. `syscall_result`
// is what the interrupted system call returned, as an errno (kNone for anything else than kRestart).
void deliver_pending_signals(arch::TrapFrame& frame, bool from_syscall, Errno syscall_error);

// execve: handlers back to default (ignored stays ignored), alternate stack off.
Result<void> reset_signals_for_exec(Task& task);
// fork/clone: the new task's state. Pending signals are not inherited.
void copy_signals_for_clone(const Task& parent, Task& child);

// Signals that the host sent to husk (bit n = signal n), for the payload (pid 1), whose default actions apply although it is
// pid 1: unlike Linux, where an init without a handler ignores what its own namespace sends.
void signal_payload_from_host(std::uint32_t mask);

}  // namespace kernel::task
