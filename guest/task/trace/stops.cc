#include "task/trace/stops.h"

#include "task/exit.h"
#include "task/job_control.h"
#include "task/process.h"
#include "task/scheduler.h"
#include "task/signal.h"
#include "task/task.h"
#include "task/trace/registers.h"

namespace kernel::task {
namespace {

constexpr int event_code(TraceEvent event, int signal) {
  return static_cast<int>(event) << kTraceEventShift | signal;
}

// ptrace_stop() of Linux. What the thread is resumed with: a signal's number, or 0. Who is killed does not stop, and stops no
// longer; but the end itself is told.
int stop(Task& self, int code, ChildCode why, std::uint64_t message, SignalInfo* info) {
  const Ref<Tracee> tracee(self.tracee);
  const bool ends = code == event_code(TraceEvent::kExit, kSigTrap);
  const bool was_dying = must_exit(self);
  if (!tracee || (was_dying && !ends)) return code;
  // Two that trace each other and are both killed must not wait for each other's last stop.
  if (was_dying && must_exit(*tracee->tracer())) return code;
  tracee->stopped = true;
  tracee->message = message;
  tracee->info = info;
  tracee->code = code;
  // Any stop is the one that was asked for.
  if (why == kChildStopped) tracee->group_stop_pending = false;
  tracee->trap_pending = false;
  if (info && info->code >> kTraceEventShift == static_cast<int>(TraceEvent::kStop)) tracee->notify_pending = false;
  tell_tracer_of_stop(*tracee, why);
  // The end of its process ends any stop, but the last one of a thread that is on its way there already: on Linux, too, SIGKILL has
  // no effect on who dies. (Who makes room for another thread's new program can be killed still.)
  const Life& life = self.process->life;
  const bool was_exiting = life.exiting;
  while (tracee->stopped && (was_exiting || !life.exiting) && (was_dying || !must_exit(self))) {
    if (!block(Deadline::never(), was_dying ? Interruptible::kNo : Interruptible::kFatal)) break;
  }
  tracee->stopped = false;
  tracee->listening = false;
  tracee->info = nullptr;
  tracee->message = 0;
  const int result = tracee->code;
  tracee->code = 0;
  return result;
}

// ptrace_do_notify(): with a siginfo that says what it is.
int notify(Task& self, int signal, int code, ChildCode why, std::uint64_t message) {
  SignalInfo info;
  info.signal = signal;
  info.code = code;
  info.sender = {.pid = self.tid, .uid = self.credentials.uid, .value = 0};
  return stop(self, code, why, message, &info);
}

enum CallMessage : std::uint64_t { kCallEntry = 1, kCallExit = 2 };  // PTRACE_EVENTMSG_SYSCALL_*

void report_call_stop(Task& self, CallMessage message) {
  constexpr int kIsCall = 0x80;  // PTRACE_O_TRACESYSGOOD
  const int code = kSigTrap | (self.tracee->options & kTraceSysGood ? kIsCall : 0);
  const int signal = notify(self, kSigTrap, code, kChildTrapped, message);
  // Not as what it stopped for, but as a signal from the kernel. Without a stop there is none.
  if (signal != 0 && signal <= kSignalCount && !must_exit(self)) send_signal(self, kernel_signal(signal));
}

}  // namespace

bool report_signal(Task& self, SignalInfo& info) {
  constexpr int kTrapTrace = 2;                  // TRAP_TRACE
  constexpr std::uint64_t kSingleStep = 0x4000;  // DR6.BS
  self.tracee->may_stop_process = true;
  if (info.signal == kSigTrap && info.code == kTrapTrace) self.tracee->debug_status = kSingleStep;
  const int signal = stop(self, info.signal, kChildTrapped, 0, &info);
  if (signal == 0) return false;
  if (signal != info.signal) {
    // The tracer's own signal, unless it has said what it is to look like (PTRACE_SETSIGINFO).
    info = {};
    info.signal = signal;
    info.code = kSiUser;
    const Process* parent = self.process->family.parent();
    const Task* sender = self.tracee ? self.tracee->tracer() : parent ? self.process->family.parent_thread() : nullptr;
    if (sender) info.sender = {.pid = sender->tid, .uid = sender->credentials.uid, .value = 0};
  }
  info.padding = 0;
  if (must_exit(self)) return false;
  if (!(self.signals.blocked & signal_bit(signal))) return true;
  send_signal(self, info);
  return false;
}

bool report_trap(Task& self) {
  Tracee& tracee = *self.tracee;
  if (!tracee.must_trap()) return false;
  if (tracee.seized) {
    const bool stopped = self.process->life.state == ProcessState::kStopped;
    const int signal = stopped ? tracee.group_stop_signal : kSigTrap;
    notify(self, signal, event_code(TraceEvent::kStop, signal), kChildStopped, 0);
  } else {
    stop(self, tracee.group_stop_signal, kChildStopped, 0, nullptr);
  }
  return true;
}

void report_event(Task& self, TraceEvent event, std::uint64_t message) {
  const Tracee* tracee = self.tracee;
  if (!tracee) return;
  if (tracee->wants(event)) {
    notify(self, kSigTrap, event_code(event, kSigTrap), kChildTrapped, message);
  } else if (event == TraceEvent::kExec && !tracee->seized) {
    send_signal(self, signal_from_current(kSigTrap, kSiUser));
  }
}

void report_handler(Task& self) {
  notify(self, kSigTrap, kSigTrap, kChildTrapped, 0);
}

bool report_call(Task& self, arch::TrapFrame& frame) {
  // What a tracer finds there in any stop within the call.
  frame.rax = 0 - static_cast<std::uint64_t>(Errno::kNoSys);
  const bool emulates = self.tracee->emulates_calls;
  if (!emulates && !self.tracee->stops_at_calls) return true;
  report_call_stop(self, kCallEntry);
  if (emulates || must_exit(self)) return false;
  return static_cast<std::int32_t>(frame.error_code) != -1;
}

void report_call_end(Task& self, arch::TrapFrame& frame) {
  const Tracee& tracee = *self.tracee;
  if (tracee.single_steps && !tracee.emulates_calls) {
    // SYSCALL has put the trap flag aside, so the step over it ends here (user_single_step_report() of Linux).
    constexpr int kTrapBreakpoint = 1;  // TRAP_BRKPT
    SignalInfo info;
    info.signal = kSigTrap;
    info.code = kTrapBreakpoint;
    info.fault_address = frame.rip;
    force_signal(self, info);
  } else if (tracee.stops_at_calls) {
    report_call_stop(self, kCallExit);
  }
}

Errno interrupted_call(const arch::TrapFrame& frame) {
  if (frame.vector != arch::kSyscallVector || static_cast<std::int32_t>(frame.error_code) == -1) return Errno::kNone;
  for (const Errno error : {Errno::kRestart, Errno::kRestartNoIntr, Errno::kRestartNoHandler, Errno::kRestartBlock}) {
    if (frame.rax == 0 - static_cast<std::uint64_t>(error)) return error;
  }
  return Errno::kNone;
}

void resume(Tracee& tracee) {
  if (!tracee.stopped) return;
  tracee.stopped = false;
  wake_task(*tracee.task());
}

void notify_trap(Tracee& tracee) {
  tracee.notify_pending = true;
  if (!tracee.stopped) {
    interrupt_task(*tracee.task());
  } else if (tracee.listening) {
    resume(tracee);
  }
}

void note_group_stop(Tracee& tracee, int signal) {
  tracee.group_stop_pending = true;
  tracee.group_stop_signal = signal;
  if (tracee.seized && tracee.task() != &current()) {
    notify_trap(tracee);
  } else {
    interrupt_task(*tracee.task());
  }
}

void note_continuation(Tracee& tracee) {
  tracee.group_stop_pending = false;
  tracee.may_stop_process = false;
  if (tracee.seized) notify_trap(tracee);
}

Result<void> interrupt(Tracee& tracee) {
  if (!tracee.seized || !tracee.task()) return Errno::kIo;
  if (must_exit(*tracee.task())) return {};
  tracee.trap_pending = true;
  if (!tracee.stopped) {
    interrupt_task(*tracee.task());
  } else if (tracee.listening) {
    resume(tracee);
  }
  return {};
}

Result<void> listen(Tracee& tracee) {
  const bool is_trap = tracee.info && tracee.info->code >> kTraceEventShift == static_cast<int>(TraceEvent::kStop);
  if (!tracee.seized || !is_trap) return Errno::kIo;
  tracee.listening = true;
  if (tracee.notify_pending) resume(tracee);
  return {};
}

}  // namespace kernel::task
