#include "task/trace/tracee.h"

#include "task/exit.h"
#include "task/inspection.h"
#include "task/job_control.h"
#include "task/process.h"
#include "task/scheduler.h"
#include "task/signal.h"
#include "task/task.h"
#include "task/trace/stops.h"

namespace kernel::task {
namespace {

// cap_ptrace_traceme() of Linux: a tracer could use what its tracee may do.
bool may_be_traced_by(const Task& tracee, const Task& tracer) {
  return tracee.credentials.capabilities.permitted.is_subset_of(tracer.credentials.capabilities.permitted) ||
         tracer.credentials.can(Capability::kSysPtrace);
}

Result<Ref<Tracee>> make_tracee(const Task& who_attaches) {
  Ref<Tracee> tracee = TRY(make_ref<Tracee>());
  tracee->tracer_privileged = who_attaches.credentials.can(Capability::kSysPtrace);
  return tracee;
}

}  // namespace

// The newest first, as wait(2) of Linux finds them.
void link_tracee(Tracee& tracee, Task& task, Task& tracer) {
  tracee.retain();  // as one of the list
  ++Tracee::count_;
  tracee.task_ = &task;
  tracee.tracer_ = &tracer;
  tracee.process_ = task.process;
  tracee.leads_ = task.tid == task.process->ids.pid;
  tracer.tracees.push_front(tracee);
  task.tracee = &tracee;
}

void unlink_tracee(Tracee& tracee) {
  if (tracee.task_) tracee.task_->tracee = nullptr;
  if (tracee.process_->life.traced_leader == &tracee) tracee.process_->life.traced_leader = nullptr;
  tracee.tracer_ = nullptr;
  tracee.tracer_node.unlink();
  --Tracee::count_;
  tracee.release();
}

Tracee::~Tracee() = default;

int Tracee::tid() const {
  if (task_) return task_->tid;
  return leads_ ? int{process_->ids.pid} : int{number_};
}

std::uint32_t Tracee::uid() const {
  return task_ ? task_->credentials.uid : uid_;
}

bool Tracee::is_reparented() const {
  return tracer_ && process_->family.parent() != tracer_->process.get();
}

Tracee* tracee_of_leader(Process& process) {
  if (!Tracee::anybody()) return nullptr;
  if (process.life.traced_leader) return process.life.traced_leader;
  const Task* leader = process.leader();
  return leader ? leader->tracee : nullptr;
}

Result<void> trace_me() {
  Task& self = current();
  if (self.tracee) return Errno::kPerm;
  Process* parent = self.process->family.parent();
  // The parent of process 1 is outside, and one that is about to end would let go at once.
  Task* tracer = parent ? self.process->family.parent_thread() : nullptr;
  if (!tracer) return {};
  if (!may_be_traced_by(self, *tracer)) return Errno::kPerm;
  const Ref<Tracee> tracee = TRY(make_tracee(self));
  link_tracee(*tracee, self, *tracer);
  return {};
}

Result<void> attach_to(Task& task, bool seize, std::uint32_t options) {
  Task& self = current();
  if (task.process.get() == self.process.get()) return Errno::kPerm;
  if (!may_inspect(task, InspectWith::kRealIds)) return Errno::kPerm;
  if (task.tracee) return Errno::kPerm;
  const Ref<Tracee> tracee = TRY(make_tracee(self));
  tracee->seized = seize;
  tracee->options = options;
  link_tracee(*tracee, task, self);
  if (!seize) send_signal(task, kernel_signal(kSigStop));
  Process& process = *task.process;
  if (process.life.state != ProcessState::kStopped) return {};
  tracee->trap_pending = true;
  tracee->group_stop_signal = process.life.report.stop_signal;
  if (!task.signals.stopped) {  // on its way there
    interrupt_task(task);
    return {};
  }
  process.signals.continued.wake_all();
  // ptrace(2) promises that who was stopped is so for the tracer when the call returns. A tracee says so by waking its tracer's
  // queue, also by its end.
  return self.process->family.child_changed.wait_until([&] { return !tracee->trap_pending || !tracee->task(); },
                                                       Deadline::never(), Interruptible::kFatal);
}

void let_go(Tracee& traced) {
  const Ref<Tracee> tracee(&traced);
  const Process& tracer = *tracee->tracer()->process;
  unlink_tracee(*tracee);
  if (Task* task = tracee->task()) {
    if (tracee->stopped) {
      resume(*tracee);
    } else if (task->process->life.state == ProcessState::kStopped) {
      interrupt_task(*task);
    }
    return;
  }
  // Of a thread nothing is left now. A process is its parent's to wait for, who has not heard of its end if it did not trace it.
  Process& process = tracee->process();
  if (!tracee->leads() || process.life.state != ProcessState::kZombie) return;
  const bool told_before = process.family.parent() == &tracer;
  if (told_before ? ignores_children(tracer) : notify_parent_of_exit(process)) remove_process(process);
}

void let_go_of_all(Task& tracer) {
  while (Tracee* tracee = tracer.tracees.front()) {
    if (tracee->options & kTraceExitKill) send_signal(tracee->process(), kernel_signal(kSigKill));
    let_go(*tracee);
  }
}

Result<Ref<Tracee>> prepare_inherited_trace(const Task& maker) {
  if (!maker.tracee) return Ref<Tracee>();
  return make_ref<Tracee>();
}

void inherit_trace(Ref<Tracee> tracee, const Task& maker, Task& made) {
  // What could fail came before, and may have slept: the tracer may be gone.
  if (!maker.tracee) return;
  const Tracee& from = *maker.tracee;
  tracee->seized = from.seized;
  tracee->options = from.options;
  tracee->tracer_privileged = from.tracer_privileged;
  if (from.seized) {
    tracee->trap_pending = true;
  } else {
    made.signals.pending.add_without_info(kSigStop);
  }
  link_tracee(*tracee, made, *from.tracer());
}

void note_traced_thread_end(Task& thread, int status) {
  Tracee& tracee = *thread.tracee;
  tracee.exit_status = status;
  tracee.uid_ = thread.credentials.uid;
  if (!tracee.leads_) tracee.number_ = thread.tid;
  tracee.task_ = nullptr;
  thread.tracee = nullptr;
  Process& process = *tracee.process_;
  if (tracee.leads_) process.life.traced_leader = &tracee;
  // What is told of a whole process's end comes with it (notify_parent_of_exit()).
  if (!tracee.leads_ || process.threads.count() != 0) tell_tracer_of_end(tracee, kSigChld, status);
}

}  // namespace kernel::task
