// Sending: which signals are dropped, where they are queued, and who is woken to act on them.
#include "task/exit.h"
#include "task/job_control.h"
#include "task/posix_timers.h"
#include "task/process.h"
#include "task/scheduler.h"
#include "task/signal.h"
#include "task/task.h"
#include "task/timers.h"

namespace kernel::task {
namespace {

constexpr SignalSet kStopSignals =
    signal_bit(kSigStop) | signal_bit(kSigTstp) | signal_bit(kSigTtin) | signal_bit(kSigTtou);
constexpr SignalSet kIgnoredByDefault =
    signal_bit(kSigCont) | signal_bit(kSigChld) | signal_bit(kSigWinch) | signal_bit(kSigUrg);
// signal(7), action "Core".
constexpr SignalSet kDumpsCore =
    signal_bit(kSigQuit) | signal_bit(kSigIll) | signal_bit(kSigTrap) | signal_bit(kSigAbrt) | signal_bit(kSigFpe) |
    signal_bit(kSigSegv) | signal_bit(kSigBus) | signal_bit(kSigSys) | signal_bit(kSigXcpu) | signal_bit(kSigXfsz);
constexpr SignalSet kUnblockable = signal_bit(kSigKill) | signal_bit(kSigStop);

// SIGCONT and the stop signals cancel each other, wherever in the process they are pending.
void discard_everywhere(Process& process, SignalSet signals) {
  process.signals.pending.discard(signals);
  for (Task& thread : process.threads) thread.signals.pending.discard(signals);
  note_timer_signals_discarded(process, signals);
}

bool is_dying(const Process& process) {
  return process.life.state == ProcessState::kZombie || process.life.exiting;
}

// A blocked signal is never dropped for being ignored: its disposition may change before it is unblocked.
bool is_dropped(const Task& task, int signal) {
  if (task.tracee) return false;  // a tracer may want to know of what is ignored
  if ((task.signals.blocked | task.signals.waited_for) & signal_bit(signal)) return false;
  return is_ignored(task.process->signals.handlers->actions[signal - 1], signal);
}

bool wants(const Task& task, int signal) {
  if (task.tracee && task.tracee->stopped) return false;
  return task.state != TaskState::kDead && !(task.signals.blocked & signal_bit(signal));
}

// Whether the signal's default action, which is in force, ends the process without a core dump.
bool ends_process(const Process& process, int signal) {
  const SignalAction& action = process.signals.handlers->actions[signal - 1];
  return action.handler == SignalAction::kDefault && !is_ignored(action, signal) && !is_stop_signal(signal) &&
         !(kDumpsCore & signal_bit(signal));
}

// The thread acts on the signal as soon as it can. What only ends the process ends it at once, as on Linux: the thread
// may be in a sleep that nothing else interrupts, for its vfork child, say. (A stopped process acts when it continues.)
void let_act(Task& task, int signal) {
  Process& process = *task.process;
  const bool waited_for = task.signals.waited_for & signal_bit(signal);
  const bool is_traced = task.tracee || tracee_of_leader(process);
  if (!waited_for && !is_traced && process.life.state != ProcessState::kStopped && ends_process(process, signal)) {
    begin_process_exit(process, signal_status(signal));
  } else {
    interrupt_task(task);
  }
}

// The thread that gets to act on a process-directed signal: the leader if it does not block it, else any that does not.
void wake_one_that_wants(Process& process, int signal) {
  if (Task* leader = process.leader(); leader && wants(*leader, signal)) return let_act(*leader, signal);
  for (Task& thread : process.threads) {
    if (wants(thread, signal)) return let_act(thread, signal);
  }
}

// What happens at sending whether or not the signal is blocked or ignored (signal(7); POSIX 2.4.1).
void act_at_sending(Process& process, int signal) {
  if (is_stop_signal(signal)) {
    discard_everywhere(process, signal_bit(kSigCont));
  } else if (signal == kSigCont) {
    discard_everywhere(process, kStopSignals);
    continue_process(process);
  }
}

// Puts a signal on a queue of `receiver` or of its process. What is queued counts against RLIMIT_SIGPENDING of the
// receiver's user. Beyond it, a signal that the kernel or kill(2) sends is pending all the same: a standard one is even
// queued, a real-time one without its info. One that was sent with sigqueue(3) is refused if it is a real-time signal,
// and loses its info if it is not (signal(7), sigqueue(3); what Linux does). A POSIX timer has paid for its signal when
// it was made.
Result<void> enqueue(PendingSignals& pending, const Task& receiver, const SignalInfo& info) {
  if (info.padding == kFromPosixTimer) return pending.add(info);
  auto charge = charge_signal(receiver);
  const bool real_time = info.signal >= kSigRtMin;
  const bool sent_by_kernel_or_kill = info.code >= 0;
  if (charge) return pending.add(info, charge.take());
  if (!real_time && sent_by_kernel_or_kill) return pending.add(info, SignalCharge(receiver.charge.user()));
  if (real_time && info.code != kSiUser) return Errno::kAgain;
  pending.add_without_info(info.signal);
  return {};
}

// SIGKILL is never pending: nothing can stand between it and the end of the process.
Result<void> kill_process(Process& process) {
  release_stopped_threads(process);
  begin_process_exit(process, signal_status(kSigKill));
  return {};
}

Task* any_thread(Process& process) {
  if (Task* leader = process.leader()) return leader;
  return process.threads.front();
}

}  // namespace

bool is_stop_signal(int signal) {
  return kStopSignals & signal_bit(signal);
}

bool is_ignored(const SignalAction& action, int signal) {
  if (action.handler == SignalAction::kIgnore) return signal != kSigKill && signal != kSigStop;
  return action.handler == SignalAction::kDefault && (kIgnoredByDefault & signal_bit(signal));
}

void disposition_changed(Process& process, int signal) {
  if (is_ignored(process.signals.handlers->actions[signal - 1], signal)) {
    discard_everywhere(process, signal_bit(signal));
  } else {
    resend_ignored_timer_signals(process, signal);
  }
}

Result<void> queue_signal(Process& process, const SignalInfo& info) {
  if (is_dying(process)) return {};
  if (info.signal == kSigKill) return kill_process(process);
  act_at_sending(process, info.signal);
  Task* representative = any_thread(process);
  if (!representative || is_dropped(*representative, info.signal)) return {};
  auto queued = enqueue(process.signals.pending, *representative, info);
  process.signals.handlers->arrived.wake(kAnyEvent);
  wake_one_that_wants(process, info.signal);
  return queued;
}

Result<void> queue_signal(Task& task, const SignalInfo& info) {
  Process& process = *task.process;
  if (is_dying(process) || task.state == TaskState::kDead) return {};
  if (info.signal == kSigKill) return kill_process(process);
  act_at_sending(process, info.signal);
  if (is_dropped(task, info.signal)) return {};
  auto queued = enqueue(task.signals.pending, task, info);
  process.signals.handlers->arrived.wake(kAnyEvent);
  if (wants(task, info.signal)) let_act(task, info.signal);
  return queued;
}

void send_signal(Process& process, const SignalInfo& info) {
  // The signal itself is pending even if its info found no memory.
  if (auto queued = queue_signal(process, info); !queued) return;
}

void send_signal(Task& task, const SignalInfo& info) {
  if (auto queued = queue_signal(task, info); !queued) return;
}

void send_signal_to_group(int process_group, const SignalInfo& info) {
  for_each_process([&](Process& process) {
    if (process.ids.group == process_group) send_signal(process, info);
    return true;
  });
}

void force_signal(Task& task, const SignalInfo& info) {
  SignalAction& action = task.process->signals.handlers->actions[info.signal - 1];
  const SignalSet bit = signal_bit(info.signal);
  // A thread that blocks or ignores its own fault would meet it again at once: the default action ends it.
  if ((task.signals.blocked & bit) || action.handler == SignalAction::kIgnore) {
    action.handler = SignalAction::kDefault;
    task.signals.blocked &= ~bit;
  }
  task.signals.fault = info;
}

SignalInfo kernel_signal(int signal) {
  SignalInfo info;
  info.signal = signal;
  info.code = kSiKernel;
  return info;
}

SignalInfo signal_from_current(int signal, SignalCode code) {
  const Task& task = current();
  SignalInfo info;
  info.signal = signal;
  info.code = code;
  info.sender = {.pid = task.process->ids.pid, .uid = task.credentials.uid, .value = 0};
  return info;
}

SignalSet pending_signals(const Task& task) {
  return task.signals.pending.set | task.process->signals.pending.set;
}

bool has_deliverable_signal(const Task& task) {
  if (pending_signals(task) & ~task.signals.blocked) return true;
  if (task.signals.fault.signal != 0) return true;
  if (must_exit(task)) return true;
  // A tracer may let a thread run while its process is stopped.
  return task.tracee ? task.tracee->must_trap() : task.process->life.state == ProcessState::kStopped;
}

bool take_signal(Task& task, SignalSet signals, SignalInfo& info) {
  for (PendingSignals* pending : {&task.signals.pending, &task.process->signals.pending}) {
    while (const SignalSet candidates = pending->set & signals) {
      // The lowest number first, which signal(7) demands of real-time signals.
      info = pending->take(__builtin_ctzll(candidates) + 1);
      if (info.signal == kSigAlrm && pending == &task.process->signals.pending) real_timer_signal_taken(*task.process);
      if (info.padding != kFromPosixTimer) return true;
      info.padding = 0;
      // A timer that was deleted takes its pending signal with it.
      if (note_timer_signal_taken(*task.process, info)) return true;
    }
  }
  return false;
}

void set_blocked_signals(Task& task, SignalSet blocked) {
  blocked &= ~kUnblockable;
  const SignalSet newly_blocked = blocked & ~task.signals.blocked & task.process->signals.pending.set;
  task.signals.blocked = blocked;
  // This thread may have been the one that was woken for them.
  for (SignalSet rest = newly_blocked; rest != 0; rest &= rest - 1) {
    wake_one_that_wants(*task.process, __builtin_ctzll(rest) + 1);
  }
}

void retarget_signals(Task& exiting) {
  exiting.signals.blocked = ~SignalSet{0};
  if (exiting.process->life.exiting) return;
  for (SignalSet rest = exiting.process->signals.pending.set; rest != 0; rest &= rest - 1) {
    wake_one_that_wants(*exiting.process, __builtin_ctzll(rest) + 1);
  }
}

void begin_temporary_mask(Task& task, SignalSet blocked) {
  task.signals.saved_blocked = task.signals.blocked;
  task.signals.restore_blocked = true;
  set_blocked_signals(task, blocked);
}

void end_temporary_mask(Task& task, bool interrupted) {
  if (interrupted || !task.signals.restore_blocked) return;
  task.signals.restore_blocked = false;
  set_blocked_signals(task, task.signals.saved_blocked);
}

void send_payload_from_host(int signal) {
  if (Process* payload = find_process(1)) send_signal(*payload, kernel_signal(signal));
}

void signal_payload_from_host(std::uint32_t mask) {
  Process* payload = find_process(1);
  if (!payload) return;
  for (int signal = 1; signal < 32; ++signal) {
    if (mask >> signal & 1) send_signal(*payload, kernel_signal(signal));
  }
}

}  // namespace kernel::task
