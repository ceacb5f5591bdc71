#include "task/job_control.h"

#include "lib/log.h"
#include "task/cpu_time.h"
#include "task/exit.h"
#include "task/process.h"
#include "task/scheduler.h"
#include "task/signal.h"
#include "task/task.h"
#include "task/trace/stops.h"

namespace kernel::task {
namespace {

constinit unsigned stopped_processes_ = 0;

const SignalAction& child_action(const Process& parent) {
  return parent.signals.handlers->actions[kSigChld - 1];
}

// Whose news it is, and how much CPU time it has had.
struct Subject {
  int id;
  std::uint32_t uid;
  CpuTime time;
};

Subject subject_of(Process& child) {
  return {child.ids.pid, child.real_uid(), process_cpu_time(child)};
}

Subject subject_of(const Tracee& tracee) {
  return {tracee.tid(), tracee.uid(), tracee.task() ? task_cpu_time(*tracee.task()) : CpuTime()};
}

SignalInfo child_signal(const Subject& child, int signal, ChildCode code, int status) {
  SignalInfo info;
  info.signal = signal;
  info.code = code;
  info.child = {.pid = child.id,
                .uid = child.uid,
                .status = status,
                .padding = 0,
                .user_ticks = static_cast<std::int64_t>(to_ticks(child.time.user_ns)),
                .system_ticks = static_cast<std::int64_t>(to_ticks(child.time.system_ns))};
  return info;
}

// `status` as wait(2) encodes it: the signal in bits 6:0, the exit code in 15:8.
SignalInfo end_signal(const Subject& child, int signal, int status) {
  const bool killed = (status & 0x7f) != 0;
  const ChildCode code = !killed ? kChildExited : status & 0x80 ? kChildDumped : kChildKilled;
  return child_signal(child, signal, code, killed ? status & 0x7f : status >> 8 & 0xff);
}

// Of a stop or a continuation. Who waits is woken whether or not it wants the signal.
void tell_of_stop(Process& parent, const Subject& child, ChildCode code, int status) {
  const SignalAction& action = child_action(parent);
  if (!(action.flags & SignalAction::kNoChildStop) && action.handler != SignalAction::kIgnore) {
    send_signal(parent, child_signal(child, kSigChld, code, status));
  }
  parent.family.child_changed.wake_all();
}

void tell_parent(Process& child, ChildCode code, int status) {
  if (Process* parent = child.family.parent()) tell_of_stop(*parent, subject_of(child), code, status);
}

// What the parent asked for when it made the child, 0 for nothing. A program that was executed since did not ask.
int signal_at_exit(const Process& process, const Process& parent) {
  if (process.family.exit_signal > kSignalCount) return 0;
  if (process.family.exit_signal != 0 && process.family.parent_program != parent.program.generation) return kSigChld;
  return process.family.exit_signal;
}

// Whether `member` has a parent in its session but in another group. The children of `leaving` will be pid 1's.
bool links_group(const Process& member, const Process* leaving) {
  if (member.life.state == ProcessState::kZombie) return false;
  const Process* parent = leaving && member.family.parent() == leaving ? find_process(1) : member.family.parent();
  return parent && parent != leaving && parent->ids.group != member.ids.group &&
         parent->ids.session == member.ids.session;
}

// Whether nothing links the group to its session, or will once `leaving` is gone.
bool is_orphaned_without(int group, const Process* leaving) {
  bool orphaned = true;
  for_each_process([&](Process& process) {
    if (process.ids.group == group && &process != leaving && links_group(process, leaving)) orphaned = false;
    return orphaned;
  });
  return orphaned;
}

bool has_stopped_member(int group) {
  bool found = false;
  for_each_process([&](Process& process) {
    found = process.ids.group == group && process.life.state == ProcessState::kStopped;
    return !found;
  });
  return found;
}

void hang_up_if_orphaned_by(int group, Process& leaving) {
  if (stopped_processes_ == 0) return;  // nearly always, and it spares a look at all processes
  if (!is_orphaned_without(group, &leaving) || !has_stopped_member(group)) return;
  send_signal_to_group(group, kernel_signal(kSigHup));
  send_signal_to_group(group, kernel_signal(kSigCont));
}

}  // namespace

void stop_process(Process& process, int signal) {
  // A thread that its tracer lets run meanwhile may stop the process once more; nobody is told twice.
  const bool stopped_before = process.life.state == ProcessState::kStopped;
  if (!stopped_before) {
    ++stopped_processes_;
    process.life.state = ProcessState::kStopped;
    process.life.report = {.stop_signal = signal, .stop_reported = false, .continued = false};
  }
  // Sleeping threads stop too, lest they take input that a process in the foreground should get.
  for (Task& thread : process.threads) {
    if (thread.tracee) {
      note_group_stop(*thread.tracee, signal);
    } else {
      interrupt_task(thread);
    }
  }
  // A parent that is the tracer hears of this thread's stop as the tracer.
  const Tracee* tracee = current().process.get() == &process ? current().tracee : nullptr;
  if (!stopped_before && (!tracee || tracee->is_reparented())) tell_parent(process, kChildStopped, signal);
}

void release_stopped_threads(Process& process) {
  if (process.life.state == ProcessState::kStopped) {
    process.life.state = ProcessState::kAlive;
    --stopped_processes_;
  }
  process.signals.continued.wake_all();
}

void continue_process(Process& process) {
  for (Task& thread : process.threads) {
    if (thread.tracee) note_continuation(*thread.tracee);
  }
  if (process.life.state != ProcessState::kStopped) return;
  release_stopped_threads(process);
  process.life.report.stop_reported = true;
  process.life.report.continued = true;
  tell_parent(process, kChildContinued, kSigCont);
  if (Tracee* tracee = tracee_of_leader(process); tracee && tracee->is_reparented())
    tell_tracer_of_stop(*tracee, kChildContinued);
}

void wait_while_stopped() {
  Task& self = current();
  self.signals.stopped = true;
  // Only SIGCONT, the task's end and a tracer, who stops it in another way, end this sleep: not interruptible, hence always a
  // success.
  const auto ended = self.process->signals.continued.wait_until(
      [&] { return self.process->life.state != ProcessState::kStopped || must_exit(self) || self.tracee; },
      Deadline::never(), Interruptible::kNo);
  self.signals.stopped = false;
  if (!ended) panic("a stopped process was woken with error {}", static_cast<int>(ended.error()));
}

bool ignores_children(const Process& parent) {
  const SignalAction& action = child_action(parent);
  return action.handler == SignalAction::kIgnore || (action.flags & SignalAction::kNoChildWait);
}

bool notify_parent_of_exit(Process& process) {
  Process* parent = process.family.parent();
  // A tracer hears of it first, and always; who is not the parent, as of a child. The parent's turn is when the tracer has waited.
  if (Tracee* tracee = process.life.traced_leader) {
    const bool by_parent = parent && !tracee->is_reparented();
    tell_tracer_of_end(*tracee, by_parent ? signal_at_exit(process, *parent) : kSigChld, process.life.exit_status);
    return false;
  }
  if (!parent) return false;
  const SignalAction& action = child_action(*parent);
  const bool ignored = process.family.exit_signal == kSigChld && ignores_children(*parent);
  // With SA_NOCLDWAIT and a handler the signal is sent all the same, as on Linux (sigaction(2)).
  const int signal = signal_at_exit(process, *parent);
  if (signal != 0 && !(ignored && action.handler == SignalAction::kIgnore)) {
    send_signal(*parent, end_signal(subject_of(process), signal, process.life.exit_status));
  }
  parent->family.child_changed.wake_all();
  return ignored;
}

void tell_tracer_of_stop(Tracee& tracee, ChildCode code) {
  int status = kSigCont;
  if (code == kChildStopped) status = tracee.process().life.report.stop_signal & 0x7f;
  if (code == kChildTrapped) status = tracee.code & 0x7f;
  tell_of_stop(*tracee.tracer()->process, subject_of(tracee), code, status);
}

void tell_tracer_of_end(Tracee& tracee, int signal, int status) {
  Process& tracer = *tracee.tracer()->process;
  if (signal != 0) send_signal(tracer, end_signal(subject_of(tracee), signal, status));
  tracer.family.child_changed.wake_all();
}

bool is_orphaned_group(int group) {
  return is_orphaned_without(group, nullptr);
}

void hang_up_orphaned_groups(Process& process) {
  if (links_group(process, nullptr)) hang_up_if_orphaned_by(process.ids.group, process);
  for (Process& child : process.family.children()) {
    if (links_group(child, nullptr)) hang_up_if_orphaned_by(child.ids.group, process);
  }
}

}  // namespace kernel::task
