#include "task/job_control.h"

#include "lib/log.h"
#include "task/cpu_time.h"
#include "task/process.h"
#include "task/scheduler.h"
#include "task/signal.h"
#include "task/task.h"

namespace kernel::task {
namespace {

// SIGCHLD's si_code (sigaction(2)).
enum ChildCode : int { kChildExited = 1, kChildKilled = 2, kChildDumped = 3, kChildStopped = 5, kChildContinued = 6 };

constinit unsigned stopped_processes_ = 0;

const SignalAction& child_action(const Process& parent) {
  return parent.signals.handlers->actions[kSigChld - 1];
}

SignalInfo child_signal(Process& child, int signal, ChildCode code, int status) {
  const CpuTime time = process_cpu_time(child);
  SignalInfo info;
  info.signal = signal;
  info.code = code;
  info.child = {.pid = child.ids.pid,
                .uid = child.real_uid(),
                .status = status,
                .padding = 0,
                .user_ticks = static_cast<std::int64_t>(to_ticks(time.user_ns)),
                .system_ticks = static_cast<std::int64_t>(to_ticks(time.system_ns))};
  return info;
}

void tell_parent(Process& child, ChildCode code, int status) {
  Process* parent = child.family.parent();
  if (!parent) return;
  if (!(child_action(*parent).flags & SignalAction::kNoChildStop)) {
    send_signal(*parent, child_signal(child, kSigChld, code, status));
  }
  parent->family.child_changed.wake_all();
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
  if (process.life.state != ProcessState::kStopped) ++stopped_processes_;
  process.life.state = ProcessState::kStopped;
  process.life.report = {.stop_signal = signal, .stop_reported = false, .continued = false};
  // Sleeping threads stop too, lest they take input that a process in the foreground should get.
  for (Task& thread : process.threads) interrupt_task(thread);
  tell_parent(process, kChildStopped, signal);
}

void release_stopped_threads(Process& process) {
  if (process.life.state == ProcessState::kStopped) {
    process.life.state = ProcessState::kAlive;
    --stopped_processes_;
  }
  process.signals.continued.wake_all();
}

void continue_process(Process& process) {
  if (process.life.state != ProcessState::kStopped) return;
  release_stopped_threads(process);
  process.life.report.stop_reported = true;
  process.life.report.continued = true;
  tell_parent(process, kChildContinued, kSigCont);
}

void wait_while_stopped() {
  Process& process = *current().process;
  // Only SIGCONT and SIGKILL end this sleep: not interruptible, hence always a success.
  const auto ended = process.signals.continued.wait_until(
      [&] { return process.life.state != ProcessState::kStopped || process.life.exiting; }, Deadline::never(),
      Interruptible::kNo);
  if (!ended) panic("a stopped process was woken with error {}", static_cast<int>(ended.error()));
}

bool notify_parent_of_exit(Process& process) {
  Process* parent = process.family.parent();
  if (!parent) return false;
  const SignalAction& action = child_action(*parent);
  const bool ignored = process.family.exit_signal == kSigChld &&
                       (action.handler == SignalAction::kIgnore || (action.flags & SignalAction::kNoChildWait));
  // With SA_NOCLDWAIT and a handler the signal is sent all the same, as on Linux (sigaction(2)).
  const int signal = signal_at_exit(process, *parent);
  if (signal != 0 && !(ignored && action.handler == SignalAction::kIgnore)) {
    const int status = process.life.exit_status;  // wait(2): signal in bits 6:0, exit code in 15:8
    const bool killed = (status & 0x7f) != 0;
    const ChildCode code = !killed ? kChildExited : status & 0x80 ? kChildDumped : kChildKilled;
    send_signal(*parent, child_signal(process, signal, code, killed ? status & 0x7f : status >> 8 & 0xff));
  }
  parent->family.child_changed.wake_all();
  return ignored;
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
