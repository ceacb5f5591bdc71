#include "task/exit.h"

#include "drivers/control.h"
#include "fs/file_table.h"
#include "fs/fs_context.h"
#include "mm/address_space.h"
#include "mm/user_ptr.h"
#include "task/futex.h"
#include "task/job_control.h"
#include "task/process.h"
#include "task/scheduler.h"
#include "task/signal.h"
#include "task/timers.h"

namespace kernel::task {
namespace {

void give_children_to_init(Process& process) {
  Process* init = find_process(1);
  for (Process& child : process.children) {
    child.sibling_node.unlink();
    child.parent = init;
    child.exit_signal = kSigChld;  // process 1 waits for nothing else
    init->children.push_back(child);
    if (Task* leader = child.leader(); leader && leader->signals.parent_death_signal) {
      send_signal(child, kernel_signal(leader->signals.parent_death_signal));
    }
    if (child.state == ProcessState::kZombie && notify_parent_of_exit(child)) remove_process(child);
  }
}

void end_process(Process& process) {
  Task& self = current();
  process.end_vfork();
  if (process.pid == 1) {
    const int status = process.exit_status;
    drivers::end_machine(status >> 8 & 0xff, status & 0x7f);
  }
  cancel_process_timers(process);
  hang_up_orphaned_groups(process);
  give_children_to_init(process);
  process.signals.pending.discard(~SignalSet{0});
  process.executable = nullptr;
  self.process_node.unlink();
  process.zombie_charge = std::move(self.charge);
  process.state = ProcessState::kZombie;
  if (notify_parent_of_exit(process)) remove_process(process);
}

}  // namespace

void leave_address_space(Task& self) {
  futex_exit_robust_list(self);
  self.robust_list = 0;
  const std::uint64_t word = self.clear_child_tid;
  self.clear_child_tid = 0;
  if (word && self.space->references() > 1) {
    // pthread_join waits for this word (set_tid_address(2)); it is the payload's own memory, so a bad address is its
    // own affair.
    const int zero = 0;
    if (mm::copy_to_user(word, &zero, sizeof zero)) futex_wake_address(word, 1);
  }
}

void begin_process_exit(Process& process, int status) {
  if (process.group_exiting) return;
  process.group_exiting = true;
  process.exit_status = status;
  for (Task& thread : process.threads) {
    // Whatever it waits for, it must look up now: block() reports a deliverable signal to a task of an ending process.
    if (thread.state != TaskState::kDead) make_runnable(thread);
  }
}

void exit_thread(int status) {
  Task& self = current();
  // No Ref of our own: this stack is left for good, so its destructor would never run. The task keeps its process.
  Process& process = *self.process;
  if (process.live_threads == 1) {
    if (!process.group_exiting) process.exit_status = status;
    process.group_exiting = true;
  }
  account_exit();
  if (self.tid == process.pid) process.remember_uid(self.credentials.uid);
  leave_address_space(self);
  // Files are closed by the last thread that uses them, while it still is a task that can block.
  self.files = nullptr;
  self.fs = nullptr;
  self.signals.pending.discard(~SignalSet{0});
  if (--process.live_threads == 0) {
    end_process(process);
  } else {
    self.process_node.unlink();
    self.charge.give_back();
    retarget_signals(self);
    process.threads_changed.wake_all();
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
  return process.group_exiting || (process.exec_thread && process.exec_thread != &task);
}

bool end_other_threads() {
  Task& self = current();
  Process& process = *self.process;
  if (process.group_exiting) return false;
  if (process.live_threads > 1) {
    process.exec_thread = &self;
    for (Task& thread : process.threads) {
      if (&thread != &self) make_runnable(thread);
    }
    while (process.live_threads > 1) {
      auto waited = process.threads_changed.wait_until([&] { return process.live_threads == 1; }, Deadline::never(),
                                                       Interruptible::kNo);
      if (!waited) break;
    }
    process.exec_thread = nullptr;
  }
  self.tid = process.pid;
  return true;
}

}  // namespace kernel::task
