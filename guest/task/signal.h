// Signals: sending, and delivering them on the way back to user mode. See signal(7).
//
// signal_send.cc: who gets a signal, and who is woken. signal_deliver.cc: default actions and restarts of system calls.
// signal_frame.cc: what a handler finds on its stack. job_control.h: stopping, continuing, and what the parent is told.
#pragma once

#include "arch/x86_64/trap_frame.h"
#include "lib/result.h"
#include "task/signal_state.h"

namespace kernel::task {

class Process;
class Task;

// Values of SignalInfo::code (sigaction(2)); positive ones depend on the signal.
enum SignalCode : std::int32_t {
  kSiUser = 0,
  kSiKernel = 0x80,
  kSiQueue = -1,
  kSiTimer = -2,
  kSiIo = -5,
  kSiTkill = -6
};

// Sends to a process (any thread that does not block the signal takes it) or to one thread. Never fails visibly: a
// standard signal that finds no memory is pending without its info. Wakes whoever must act on it.
void send_signal(Process& process, const SignalInfo& info);
void send_signal(Task& task, const SignalInfo& info);
void send_signal_to_group(int process_group, const SignalInfo& info);
// The same for sigqueue(3), which must fail (kAgain) if a real-time signal cannot be queued.
Result<void> queue_signal(Process& process, const SignalInfo& info);
Result<void> queue_signal(Task& task, const SignalInfo& info);
// A synchronous fault of the current task: cannot be blocked or ignored.
void force_signal(Task& task, const SignalInfo& info);

// The info of a signal that the kernel itself sends, or that the current task sends with kill(2).
SignalInfo kernel_signal(int signal);
SignalInfo signal_from_current(int signal, SignalCode code);

// Whether block() must return kRestart to this task.
bool has_deliverable_signal(const Task& task);
// Pending for the task or its process, blocked or not.
SignalSet pending_signals(const Task& task);
// Takes the next pending signal out of `signals`, in the order of signal(7). False if there is none.
bool take_signal(Task& task, SignalSet signals, SignalInfo& info);

// Changes the current task's mask; SIGKILL and SIGSTOP are never blocked.
void set_blocked_signals(Task& task, SignalSet blocked);
// ppoll(2), pselect6(2), epoll_pwait(2), rt_sigsuspend(2): a mask until the call returns. Call end_temporary_mask with
// whether the call was interrupted: then the old mask comes back only after the handler's frame was built, which saves
// it.
void begin_temporary_mask(Task& task, SignalSet blocked);
void end_temporary_mask(Task& task, bool interrupted);

// Called on the way back to user mode, with the registers that will be loaded, when has_deliverable_signal() or when a
// system call returned one of Errno::kRestart*. Runs handlers (builds signal frames), default actions (may not return:
// the task may exit, or stop for a while), and restarts interrupted system calls. `from_syscall`: frame.error_code is a
// system call's number. `syscall_error` is what it returned, kNone for success.
void deliver_pending_signals(arch::TrapFrame& frame, bool from_syscall, Errno syscall_error);

// Whether the signal is ignored, by disposition or by default.
bool is_ignored(const SignalAction& action, int signal);
bool is_stop_signal(int signal);
// After a change of the signal's disposition: what is pending of it and now ignored is dropped, blocked or not (POSIX,
// sigaction); timers that waited because it was ignored send it again.
void disposition_changed(Process& process, int signal);

// execve: handlers back to default (ignored stays ignored), alternate stack off, POSIX timers gone. kNoMem.
Result<void> reset_signals_for_exec(Task& task);
// fork/clone: the new task's mask, and its alternate stack unless it shares memory without being a vfork child
// (clone(2)). Pending signals are not inherited.
void copy_signals_for_clone(const Task& parent, Task& child);
// fork: a table of dispositions of its own, as its parent's. kNoMem.
Result<Ref<SignalHandlers>> clone_handlers(const SignalHandlers& handlers);
// A thread exits: process-directed signals that it would have taken are offered to the others.
void retarget_signals(Task& exiting);

// Signals that the host sent to husk (bit n = signal n), for the payload (pid 1), whose default actions apply although
// it is pid 1: unlike Linux, where an init without a handler ignores what its own namespace sends.
void signal_payload_from_host(std::uint32_t mask);
void send_payload_from_host(int signal);  // one of any number

}  // namespace kernel::task
