// PTRACE_GETSIGINFO and its kind: the signal that a tracee has stopped for, those that wait, and those that it blocks.
#include "mm/user_ptr.h"
#include "syscall/ptrace_requests.h"
#include "task/process.h"
#include "task/signal.h"
#include "task/task.h"

namespace kernel::syscall {

using task::SignalInfo;
using task::SignalSet;
using task::Tracee;

SyscallResult get_signal_info(Tracee& tracee, std::uint64_t data) {
  if (!tracee.info) return Errno::kInval;
  SignalInfo info = *tracee.info;
  info.padding = 0;
  TRY(mm::UserPtr<SignalInfo>(data).write(info));
  return 0;
}

SyscallResult set_signal_info(Tracee& tracee, std::uint64_t data) {
  SignalInfo info = TRY(mm::UserPtr<const SignalInfo>(data).read());
  info.padding = 0;  // the kernel's own mark
  if (!tracee.task() || !tracee.stopped) return Errno::kSrch;
  if (!tracee.info) return Errno::kInval;
  *tracee.info = info;
  return 0;
}

SyscallResult peek_signals(Tracee& tracee, std::uint64_t arguments, std::uint64_t data) {
  struct PeekArguments {
    std::uint64_t offset;
    std::uint32_t flags;
    std::int32_t count;
  };
  constexpr std::uint32_t kShared = 1;
  const auto wanted = TRY(mm::UserPtr<const PeekArguments>(arguments).read());
  if ((wanted.flags & ~kShared) || wanted.count < 0) return Errno::kInval;
  std::uint64_t copied = 0;
  for (; copied < static_cast<std::uint64_t>(wanted.count); ++copied) {
    // The queue is looked through for each: the copy may sleep, and the queue change meanwhile.
    if (!tracee.task()) break;
    task::PendingSignals& pending =
        wanted.flags & kShared ? tracee.process().signals.pending : tracee.task()->signals.pending;
    const std::uint64_t index = wanted.offset + copied;
    if (index < copied || index >= pending.queued) break;
    std::uint64_t at = 0;
    SignalInfo info;
    for (const task::QueuedSignal& queued : pending.queue) {
      if (at++ != index) continue;
      info = queued.info;
      break;
    }
    info.padding = 0;
    const auto written = mm::UserPtr<SignalInfo>(data + copied * sizeof info).write(info);
    if (!written && copied == 0) return written.error();
    if (!written) break;
    if (task::has_deliverable_signal(task::current())) return copied + 1;
  }
  return copied;
}

SyscallResult get_signal_mask(Tracee& tracee, std::uint64_t size, std::uint64_t data) {
  if (size != sizeof(SignalSet)) return Errno::kInval;
  const task::TaskSignals& signals = tracee.task()->signals;
  TRY(mm::UserPtr<SignalSet>(data).write(signals.restore_blocked ? signals.saved_blocked : signals.blocked));
  return 0;
}

SyscallResult set_signal_mask(Tracee& tracee, std::uint64_t size, std::uint64_t data) {
  if (size != sizeof(SignalSet)) return Errno::kInval;
  const SignalSet blocked = TRY(mm::UserPtr<const SignalSet>(data).read());
  if (!tracee.task() || !tracee.stopped) return Errno::kSrch;
  tracee.task()->signals.restore_blocked = false;
  task::set_blocked_signals(*tracee.task(), blocked);
  return 0;
}

}  // namespace kernel::syscall
