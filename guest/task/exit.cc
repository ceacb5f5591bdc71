#include "task/exit.h"

#include <algorithm>

#include "drivers/control.h"
#include "fs/file_table.h"
#include "fs/fs_context.h"
#include "mm/address_space.h"
#include "mm/user_ptr.h"
#include "task/futex.h"
#include "task/job_control.h"
#include "task/pid_handle.h"
#include "task/process.h"
#include "task/scheduler.h"
#include "task/signal.h"
#include "task/timers.h"
#include "task/trace/stops.h"
#include "task/undo_list.h"

namespace kernel::task {
namespace {

// Who takes the orphans: the nearest ancestor that asked for them, or process 1.
Process* new_parent(Process& process) {
  // A line of ancestors may be as long as there may be processes (each a vfork(2) of the one before, say).
  if (!Family::anybody_adopts()) return find_process(1);
  for (Process* ancestor = process.family.parent(); ancestor; ancestor = ancestor->family.parent()) {
    if (ancestor->family.adopts_orphans() && !ancestor->life.exiting) return ancestor;
  }
  return find_process(1);
}

// prctl(2), PR_SET_PDEATHSIG: each thread has asked for itself, and the process gets it.
void tell_of_parents_end(Process& child) {
  for (Task& thread : child.threads) {
    const int signal = thread.signals.parent_death_signal;
    if (signal) send_signal(child, kernel_signal(signal));
  }
}

// A thread ends, and its process goes on: its children are another thread's then, and hear of it as of a parent's end.
void pass_children_on(const Task& ending, Process& process) {
  Task* heir = process.threads.executing ? process.threads.executing : process.threads.front();
  // Where all end there is no use in an heir: the last one gives them away.
  if (process.life.exiting) heir = nullptr;
  for (Process& child : process.family.children()) {
    if (child.family.parent_thread() != &ending) continue;
    child.family.set_parent_thread(heir);
    if (heir) tell_of_parents_end(child);
  }
}

void give_children_away(Process& process) {
  if (!process.family.has_children()) return;
  Process* init = new_parent(process);
  for (Process& child : process.family.children()) {
    child.family.join(*init, init->threads.front());
    child.family.exit_signal = kSigChld;  // who adopts them waits for nothing else
    tell_of_parents_end(child);
    if (child.life.state != ProcessState::kZombie || child.life.traced_leader) continue;  // its tracer comes first
    if (notify_parent_of_exit(child)) remove_process(child);
  }
}

// What a thread's tracer hears of its end: as the whole process's, if that ends, or nothing bad where another thread executes a
// program.
int own_status(const Process& process, int status) {
  if (process.life.exiting) return process.life.exit_status;
  return process.threads.executing ? exit_code_status(0) : status;
}

void end_process(Process& process) {
  Task& self = current();
  process.vfork.end();
  if (process.ids.pid == 1) {
    const int status = process.life.exit_status;
    drivers::end_machine(status >> 8 & 0xff, status & 0x7f);
  }
  cancel_process_timers(process);
  release_stopped_threads(process);
  if (process.ids.leads_session()) process.ids.session->leader_ends();
  hang_up_orphaned_groups(process);
  give_children_away(process);
  process.signals.pending.discard(~SignalSet{0});
  process.program.executable = nullptr;
  process.life.zombie_charge = std::move(self.charge);
  process.life.state = ProcessState::kZombie;
  note_end(process.ids.pid);
  if (notify_parent_of_exit(process)) remove_process(process);
}

}  // namespace

void leave_address_space(Task& self) {
  futex_exit_robust_list(self);
  self.robust_list = 0;
  self.sequence_area = {};
  futex_leave_locks(self);
  const std::uint64_t word = self.clear_child_tid;
  self.clear_child_tid = 0;
  if (word && self.space->references() > 1) {
    // pthread_join waits for this word (set_tid_address(2)); it is the payload's own memory, so a bad address is its
    // own affair.
    const int zero = 0;
    if (mm::copy_to_user(word, &zero, sizeof zero)) futex_wake_address(word, 1);
  }
}

void note_peak_memory(Process& process, const mm::AddressSpace& space) {
  process.accounting.peak_pages = std::max(process.accounting.peak_pages, space.peak_resident_pages());
}

void begin_process_exit(Process& process, int status) {
  if (process.life.exiting) return;
  process.life.exiting = true;
  process.life.exit_status = status;
  for (Task& thread : process.threads) {
    // Whatever it waits for, it must look up now: block() reports a deliverable signal to a task of an ending process.
    if (thread.state != TaskState::kDead) make_runnable(thread);
  }
}

void exit_thread(int status) {
  Task& self = current();
  // No Ref of our own: this stack is left for good, so its destructor would never run. The task keeps its process.
  Process& process = *self.process;
  if (self.tracee) {
    status = own_status(process, status);
    report_event(self, TraceEvent::kExit, static_cast<std::uint64_t>(status));
  }
  if (process.threads.count() == 1) {
    if (!process.life.exiting) process.life.exit_status = status;
    process.life.exiting = true;
  }
  account_exit();
  if (self.tid == process.ids.pid) process.life.uid_at_exit = self.credentials.uid;
  leave_address_space(self);
  if (self.space) note_peak_memory(process, *self.space);
  if (self.space && self.space->references() == 1) self.space->unmap_counted();
  self.undo_list = nullptr;
  // Files are closed by the last thread that uses them, while it still is a task that can block.
  self.files = nullptr;
  self.fs = nullptr;
  self.signals.pending.discard(~SignalSet{0});
  futex_leave_locks(self);  // claims that came while files were being closed
  process.accounting.transfers += self.transfers;
  if (!self.tracees.empty()) let_go_of_all(self);
  self.leave_process();
  if (self.tracee) note_traced_thread_end(self, own_status(process, status));
  pass_children_on(self, process);
  if (process.threads.count() == 0) {
    end_process(process);
  } else {
    self.charge.give_back();
    retarget_signals(self);
    process.threads.changed.wake_all();
  }
  // The address space goes with the task, when another one's is loaded.
  leave_cpu_for_good();
}

void exit_process(int status) {
  begin_process_exit(*current().process, status);
  exit_thread(status);
}

bool must_exit(const Task& task) {
  const Process& process = *task.process;
  return process.life.exiting || (process.threads.executing && process.threads.executing != &task);
}

bool end_other_threads() {
  Task& self = current();
  Process& process = *self.process;
  if (process.life.exiting) return false;
  if (process.threads.count() > 1) {
    process.threads.executing = &self;
    for (Task& thread : process.threads) {
      if (&thread != &self) make_runnable(thread);
    }
    while (process.threads.count() > 1) {
      auto waited = process.threads.changed.wait_until([&] { return process.threads.count() == 1; }, Deadline::never(),
                                                       Interruptible::kNo);
      if (!waited) break;
    }
    process.threads.executing = nullptr;
  }
  // A first thread that has ended gives its number, and nothing else is told of it.
  if (Tracee* leader = process.life.traced_leader) {
    Process& tracer = *leader->tracer()->process;
    unlink_tracee(*leader);
    tracer.family.child_changed.wake_all();
  }
  self.set_tid(process.ids.pid);
  if (self.tracee) self.tracee->become_leader();
  return true;
}

}  // namespace kernel::task
