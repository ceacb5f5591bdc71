// Delivery: on the way back to user mode, each signal that is due gets its handler, its default action, or nothing.
#include "lib/log.h"
#include "lib/string.h"
#include "task/exit.h"
#include "task/job_control.h"
#include "task/posix_timers.h"
#include "task/process.h"
#include "task/signal.h"
#include "task/signal_frame.h"
#include "task/task.h"
#include "task/trace/registers.h"
#include "task/trace/stops.h"

namespace kernel::task {
namespace {

constexpr std::uint64_t kSyscallInstructionSize = 2;
constexpr std::uint64_t kRestartSyscallNumber = 219;  // restart_syscall(2)

bool is_restart(Errno error) {
  return error == Errno::kRestart || error == Errno::kRestartNoIntr || error == Errno::kRestartNoHandler ||
         error == Errno::kRestartBlock;
}

// The user code goes on at its SYSCALL instruction again, with `number` in RAX and the other registers as they were.
void repeat_syscall(arch::TrapFrame& frame, std::uint64_t number) {
  frame.rax = number;
  frame.rip -= kSyscallInstructionSize;
}

void end_interrupted_syscall(arch::TrapFrame& frame, Errno error, bool handler_restarts) {
  if (error == Errno::kRestartNoIntr || (error == Errno::kRestart && handler_restarts)) {
    repeat_syscall(frame, frame.error_code);
  } else {
    frame.rax = 0 - static_cast<std::uint64_t>(Errno::kIntr);
  }
}

// The next signal that is due: what cannot wait first, then the order of signal(7).
bool next_signal(Task& task, SignalInfo& info) {
  if (task.signals.fault.signal != 0) {
    info = task.signals.fault;
    task.signals.fault = {};
    return true;
  }
  return take_signal(task, ~task.signals.blocked, info);
}

void take_default_action(Task& task, int signal) {
  Process& process = *task.process;
  if (is_stop_signal(signal)) {
    if (task.tracee && !task.tracee->may_stop_process) return;
    if (signal == kSigStop || !is_orphaned_group(process.ids.group)) stop_process(process, signal);
    return;
  }
  log(LogLevel::kDebug, "process {} ({}) ended by signal {}", process.ids.pid, task.name, signal);
  exit_process(signal_status(signal));
}

// What the handler's execution blocks, and what comes back after it.
void run_handler(arch::TrapFrame& frame, Task& task, const SignalInfo& info) {
  SignalAction& in_table = task.process->signals.handlers->actions[info.signal - 1];
  const SignalAction action = in_table;
  TaskSignals& signals = task.signals;
  const SignalSet saved_mask = signals.restore_blocked ? signals.saved_blocked : signals.blocked;
  if (action.flags & SignalAction::kResetHandler) in_table.handler = SignalAction::kDefault;

  // The frame has the flags as the thread itself has set them.
  const bool stepped = task.tracee && task.tracee->single_steps;
  if (stepped) end_single_steps(*task.tracee);

  // What the handler returns to is not within a sequence.
  const auto left = leave_interrupted_sequence(task, frame);
  if (auto entered = !left ? left : enter_handler(frame, info, action, saved_mask); !entered) {
    // No stack to run the handler on, or an area of sequences that is no good. If it was SIGSEGV's own handler, it must not be tried again.
    if (info.signal == kSigSegv) in_table.handler = SignalAction::kDefault;
    force_signal(task, kernel_signal(kSigSegv));
    return;
  }
  signals.restore_blocked = false;
  signals.restart = {};
  SignalSet blocked = signals.blocked | action.mask;
  if (!(action.flags & SignalAction::kNoDefer)) blocked |= signal_bit(info.signal);
  set_blocked_signals(task, blocked);
  if (stepped) report_handler(task);
}

void remember_exception(TaskSignals& signals, const arch::TrapFrame& frame) {
  constexpr std::uint64_t kFirstInterrupt = 32;
  constexpr std::uint64_t kPageFault = 14;
  if (frame.vector >= kFirstInterrupt) return;
  signals.fault_vector = frame.vector;
  signals.fault_error_code = frame.error_code;
  if (frame.vector == kPageFault && signals.fault.signal != 0) signals.fault_address = signals.fault.fault_address;
}

}  // namespace

void deliver_pending_signals(arch::TrapFrame& frame, bool from_syscall, Errno syscall_error) {
  Task& task = current();
  remember_exception(task.signals, frame);
  Errno interrupted = from_syscall && is_restart(syscall_error) ? syscall_error : Errno::kNone;
  for (;;) {
    if (must_exit(task)) exit_thread(0);
    if (task.tracee) {
      if (report_trap(task)) {
        interrupted = interrupted_call(frame);
        continue;
      }
    } else if (task.process->life.state == ProcessState::kStopped) {
      wait_while_stopped();
      continue;
    }
    SignalInfo info;
    if (!next_signal(task, info)) {
      if (!task.signals.restore_blocked) break;
      // No handler wants the temporary mask any more; without it, more signals may be due.
      end_temporary_mask(task, false);
      continue;
    }
    if (task.tracee) {
      const bool remains = report_signal(task, info);
      interrupted = interrupted_call(frame);
      if (!remains) continue;
    }
    const SignalAction& action = task.process->signals.handlers->actions[info.signal - 1];
    if (is_ignored(action, info.signal)) continue;
    if (action.handler == SignalAction::kDefault) {
      take_default_action(task, info.signal);
      continue;
    }
    // A further handler runs on top of this one, before it: the frame it saves is this handler's entry.
    if (interrupted != Errno::kNone) {
      end_interrupted_syscall(frame, interrupted, action.flags & SignalAction::kRestart);
      interrupted = Errno::kNone;
    }
    run_handler(frame, task, info);
  }
  if (interrupted == Errno::kNone) return;
  repeat_syscall(frame, interrupted == Errno::kRestartBlock ? kRestartSyscallNumber : frame.error_code);
}

Result<void> reset_signals_for_exec(Task& task) {
  Process& process = *task.process;
  if (process.signals.handlers->references() > 1)
    process.signals.handlers = TRY(clone_handlers(*process.signals.handlers));
  for (SignalAction& action : process.signals.handlers->actions) {
    const bool ignored = action.handler == SignalAction::kIgnore;
    action = {};
    if (ignored) action.handler = SignalAction::kIgnore;
  }
  task.signals.alternate_stack = {};
  task.signals.restart = {};
  delete_posix_timers(process);
  return {};
}

void copy_signals_for_clone(const Task& parent, Task& child) {
  child.signals.blocked = parent.signals.blocked;
  // Two threads must not run handlers on one alternate stack.
  if (child.process.get() != parent.process.get()) child.signals.alternate_stack = parent.signals.alternate_stack;
}

Result<Ref<SignalHandlers>> clone_handlers(const SignalHandlers& handlers) {
  auto copy = TRY(make_ref<SignalHandlers>());
  memcpy(copy->actions, handlers.actions, sizeof copy->actions);
  return copy;
}

}  // namespace kernel::task
