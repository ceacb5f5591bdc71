#include "syscall/signal_calls.h"

#include "syscall/signal_permission.h"
#include "syscall/time_values.h"
#include "task/process.h"
#include "task/signal.h"
#include "task/signal_frame.h"
#include "task/task.h"

namespace kernel::syscall {

using task::SignalInfo;
using task::SignalSet;
using task::Task;

namespace {

constexpr SignalSet kUnblockable = task::signal_bit(task::kSigKill) | task::signal_bit(task::kSigStop);

Result<void> check_set_size(std::size_t size) {
  if (size != sizeof(SignalSet)) return Errno::kInval;
  return {};
}

Result<void> signal_process(task::Process& target, int signal) {
  if (!may_signal(target, signal)) return Errno::kPerm;
  if (signal != 0) task::send_signal(target, task::signal_from_current(signal, task::kSiUser));
  return {};
}

// Sends to every process that `wanted` selects: success if one was allowed, kPerm if none was, kSrch if there is none.
template <typename Wanted>
Result<void> signal_processes(int signal, Wanted wanted) {
  bool found = false;
  bool sent = false;
  task::for_each_process([&](task::Process& process) {
    if (!wanted(process)) return true;
    found = true;
    if (signal_process(process, signal)) sent = true;
    return true;
  });
  if (sent) return {};
  return found ? Errno::kPerm : Errno::kSrch;
}

// The process of this pid; as on Linux, a thread's id names its process, too.
Result<task::Process*> process_of(int pid) {
  if (task::Process* process = task::find_process(pid)) return process;
  if (Task* thread = task::find_task(pid)) return thread->process.get();
  return Errno::kSrch;
}

// A thread, which must belong to process `pid` unless that is 0.
Result<Task*> thread_of(int pid, int tid) {
  Task* thread = task::find_task(tid);
  if (!thread || (pid != 0 && thread->process->ids.pid != pid)) return Errno::kSrch;
  return thread;
}

Result<void> signal_thread(int pid, int tid, int signal) {
  if (tid <= 0 || (signal != 0 && !is_signal(signal))) return Errno::kInval;
  Task* thread = TRY(thread_of(pid, tid));
  if (!may_signal(*thread->process, signal)) return Errno::kPerm;
  if (signal != 0) task::send_signal(*thread, task::signal_from_current(signal, task::kSiTkill));
  return {};
}

// The info that a payload made itself. It must not look as if the kernel or kill(2) had sent it, except to the sender
// itself.
Result<SignalInfo> read_info(mm::UserPtr<const SignalInfo> address, int signal, int pid) {
  SignalInfo info = TRY(address.read());
  info.signal = signal;
  info.padding = 0;
  if ((info.code >= 0 || info.code == task::kSiTkill) && task::current().process->ids.pid != pid) return Errno::kPerm;
  return info;
}

}  // namespace

SyscallResult sys_rt_sigaction(int signal, mm::UserPtr<const task::SignalAction> action,
                               mm::UserPtr<task::SignalAction> old_action, std::size_t set_size) {
  TRY(check_set_size(set_size));
  if (!is_signal(signal) || (action && (task::signal_bit(signal) & kUnblockable))) return Errno::kInval;
  Task& self = task::current();
  task::SignalAction& slot = self.process->signals.handlers->actions[signal - 1];
  const task::SignalAction old = slot;
  if (action) {
    task::SignalAction fresh = TRY(action.read());
    fresh.mask &= ~kUnblockable;
    fresh.flags &= task::SignalAction::kAllFlags;  // so that programs can find out which flags exist (sigaction(2))
    slot = fresh;
    task::disposition_changed(*self.process, signal);
  }
  if (old_action) TRY(old_action.write(old));
  return 0;
}

SyscallResult sys_rt_sigprocmask(int how, mm::UserPtr<const SignalSet> set, mm::UserPtr<SignalSet> old_set,
                                 std::size_t set_size) {
  enum { kBlock = 0, kUnblock = 1, kSetMask = 2 };
  TRY(check_set_size(set_size));
  Task& self = task::current();
  const SignalSet old = self.signals.blocked;
  if (set) {
    const SignalSet change = TRY(set.read());
    switch (how) {
      case kBlock:
        task::set_blocked_signals(self, old | change);
        break;
      case kUnblock:
        task::set_blocked_signals(self, old & ~change);
        break;
      case kSetMask:
        task::set_blocked_signals(self, change);
        break;
      default:
        return Errno::kInval;
    }
  }
  if (old_set) TRY(old_set.write(old));
  return 0;
}

SyscallResult sys_rt_sigreturn() {
  Task& self = task::current();
  self.signals.restart = {};
  if (auto left = task::leave_handler(self.frame()); !left) {
    task::force_signal(self, task::kernel_signal(task::kSigSegv));
  }
  // The dispatcher stores a call's result in RAX, where the handler's victim had a value of its own.
  return self.frame().rax;
}

SyscallResult sys_rt_sigpending(mm::UserPtr<SignalSet> set, std::size_t set_size) {
  if (set_size > sizeof(SignalSet)) return Errno::kInval;
  const Task& self = task::current();
  const SignalSet pending = task::pending_signals(self) & self.signals.blocked;
  TRY(mm::copy_to_user(set.address(), &pending, set_size));
  return 0;
}

SyscallResult sys_rt_sigsuspend(mm::UserPtr<const SignalSet> set, std::size_t set_size) {
  TRY(check_set_size(set_size));
  Task& self = task::current();
  task::begin_temporary_mask(self, TRY(set.read()));
  while (!task::has_deliverable_signal(self)) {
    if (auto blocked = task::block(); !blocked) break;
  }
  task::end_temporary_mask(self, true);
  return Errno::kRestartNoHandler;
}

SyscallResult sys_rt_sigtimedwait(mm::UserPtr<const SignalSet> set, mm::UserPtr<SignalInfo> info_address,
                                  mm::UserPtr<const Timespec> timeout, std::size_t set_size) {
  TRY(check_set_size(set_size));
  Task& self = task::current();
  const SignalSet wanted = TRY(set.read()) & ~kUnblockable;
  Deadline deadline = Deadline::never();
  if (timeout) deadline = Deadline::after(TRY(read_duration(timeout)));

  SignalInfo info;
  bool taken = task::take_signal(self, wanted, info);
  if (!taken && !deadline.passed()) {
    // While it waits, the signals interrupt the sleep as if they were not blocked; senders know that they are waited
    // for.
    const SignalSet blocked = self.signals.blocked;
    self.signals.waited_for = wanted & blocked;
    self.signals.blocked = blocked & ~wanted;
    while (!task::has_deliverable_signal(self)) {
      if (auto woken = task::block(deadline); !woken) break;
    }
    self.signals.waited_for = 0;
    task::set_blocked_signals(self, blocked);
    taken = task::take_signal(self, wanted, info);
    if (!taken && task::has_deliverable_signal(self)) return Errno::kIntr;
  }
  if (!taken) return Errno::kAgain;
  if (info_address) TRY(info_address.write(info));
  return static_cast<std::uint64_t>(info.signal);
}

SyscallResult sys_rt_sigqueueinfo(int pid, int signal, mm::UserPtr<const SignalInfo> address) {
  if (signal != 0 && !is_signal(signal)) return Errno::kInval;
  const SignalInfo info = TRY(read_info(address, signal, pid));
  task::Process* target = TRY(process_of(pid));
  if (!may_signal(*target, signal)) return Errno::kPerm;
  if (signal != 0) TRY(task::queue_signal(*target, info));
  return 0;
}

SyscallResult sys_rt_tgsigqueueinfo(int pid, int tid, int signal, mm::UserPtr<const SignalInfo> address) {
  if (pid <= 0 || tid <= 0 || (signal != 0 && !is_signal(signal))) return Errno::kInval;
  const SignalInfo info = TRY(read_info(address, signal, pid));
  Task* target = TRY(thread_of(pid, tid));
  if (!may_signal(*target->process, signal)) return Errno::kPerm;
  if (signal != 0) TRY(task::queue_signal(*target, info));
  return 0;
}

SyscallResult sys_sigaltstack(mm::UserPtr<const task::AlternateStack> stack,
                              mm::UserPtr<task::AlternateStack> old_stack) {
  Task& self = task::current();
  const std::uint64_t stack_pointer = self.frame().rsp;
  task::AlternateStack old = self.signals.alternate_stack;
  const bool in_use = old.usable() && old.holds(stack_pointer);
  if (stack) {
    const task::AlternateStack fresh = TRY(stack.read());
    if (in_use) return Errno::kPerm;
    TRY(task::set_alternate_stack(self, fresh));
  }
  if (old_stack) {
    if (in_use) old.flags |= task::AlternateStack::kOnStack;
    TRY(old_stack.write(old));
  }
  return 0;
}

SyscallResult sys_kill(int pid, int signal) {
  if (signal != 0 && !is_signal(signal)) return Errno::kInval;
  const task::Process& self = *task::current().process;
  if (pid > 0) {
    task::Process* target = TRY(process_of(pid));
    TRY(signal_process(*target, signal));
  } else if (pid == -1) {
    TRY(signal_processes(signal, [&](task::Process& p) { return p.ids.pid != 1 && p.ids.pid != self.ids.pid; }));
  } else {
    // The most negative number has no positive counterpart, and names no group.
    if (pid == -2147483647 - 1) return Errno::kSrch;
    const int group = pid == 0 ? self.ids.group : -pid;
    TRY(signal_processes(signal, [&](task::Process& p) { return p.ids.group == group; }));
  }
  return 0;
}

SyscallResult sys_tkill(int tid, int signal) {
  TRY(signal_thread(0, tid, signal));
  return 0;
}

SyscallResult sys_tgkill(int pid, int tid, int signal) {
  if (pid <= 0) return Errno::kInval;
  TRY(signal_thread(pid, tid, signal));
  return 0;
}

SyscallResult sys_pause() {
  const Task& self = task::current();
  while (!task::has_deliverable_signal(self)) {
    if (auto blocked = task::block(); !blocked) break;
  }
  return Errno::kRestartNoHandler;
}

SyscallResult sys_restart_syscall() {
  const task::RestartBlock restart = task::current().signals.restart;
  task::current().signals.restart = {};
  // A payload that makes this call itself: nothing was interrupted (restart_syscall(2)).
  if (!restart.resume) return Errno::kIntr;
  return restart.resume(restart);
}

}  // namespace kernel::syscall
