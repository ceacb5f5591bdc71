#include "task/wait.h"

#include <algorithm>

#include "task/exit.h"
#include "task/job_control.h"
#include "task/pid_handle.h"
#include "task/process.h"
#include "task/task.h"
#include "task/trace/tracee.h"

namespace kernel::task {
namespace {

bool matches(const Process& child, int which, unsigned options) {
  if ((options & kWaitNoThread) && child.family.parent_thread() != &current()) return false;
  const bool clone_child = child.family.exit_signal != kSigChld;
  if (!(options & kWaitAll) && clone_child != static_cast<bool>(options & kWaitClone)) return false;
  if (which > 0) return child.ids.pid == which;
  if (which == -1) return true;
  return child.ids.group == (which == 0 ? current().process->ids.group : -which);
}

CpuTime total_cpu_time(Process& child) {
  CpuTime time = process_cpu_time(child);
  time += child.accounting.reaped;
  return time;
}

// What `child` has to report, consuming it unless kWaitNoWait.
WaitEvent take_event(Process& child, unsigned options) {
  const bool consume = !(options & kWaitNoWait);
  WaitEvent event;
  event.uid = child.real_uid();
  if (child.life.state == ProcessState::kZombie && (options & kWaitExited)) {
    event.pid = child.ids.pid;
    event.status = child.life.exit_status;
    event.cpu_time = total_cpu_time(child);
    event.peak_pages = std::max(child.accounting.peak_pages, child.accounting.reaped_peak_pages);
    if (consume) {
      std::uint64_t& peak = current().process->accounting.reaped_peak_pages;
      peak = std::max(peak, event.peak_pages);
      current().process->accounting.reaped += event.cpu_time;
      current().process->accounting.transfers += child.accounting.transfers;
      remove_process(child);
    }
  } else if (child.life.state == ProcessState::kStopped && !child.life.report.stop_reported &&
             (options & kWaitStopped)) {
    event.pid = child.ids.pid;
    event.status = child.life.report.stop_signal << 8 | 0x7f;
    if (consume) child.life.report.stop_reported = true;
  } else if (child.life.report.continued && (options & kWaitContinued)) {
    event.pid = child.ids.pid;
    event.status = 0xffff;
    if (consume) child.life.report.continued = false;
  }
  return event;
}

// One look at who there is. Whether it has ended with an event, or need not be repeated.
class Look {
 public:
  // `handle`: the child itself, instead of `which`.
  Look(int which, const PidHandle* handle, unsigned options)
      : which_(handle ? handle->id() : which), handle_(handle), options_(options) {}

  bool at_all() {
    any_ = false;
    return at_children() || at_tracees() || !any_ || (options_ & kWaitNoHang);
  }
  bool any() const { return any_; }
  const WaitEvent& event() const { return event_; }

 private:
  bool at_children() {
    Process& self = *current().process;
    if (handle_ || which_ > 0) {
      Process* child = handle_ ? handle_->process() : find_process(which_);
      return child && child->family.parent() == &self && at_child(*child);
    }
    for (Process& child : self.family.children()) {
      if (at_child(child)) return true;
    }
    return false;
  }

  // Whoever traces is told of each thread for itself, and of its own children so as well.
  bool at_tracees() {
    if (!Tracee::anybody()) return false;
    for (Task& thread : current().process->threads) {
      if ((options_ & kWaitNoThread) && &thread != &current()) continue;
      for (Tracee& tracee : thread.tracees) {
        if (is_meant(tracee) && at_tracee(tracee)) return true;
      }
    }
    return false;
  }

  bool at_child(Process& child) {
    if (!matches(child, handle_ ? int{child.ids.pid} : which_, options_)) return false;
    Tracee* tracee = tracee_of_leader(child);
    if (tracee && !tracee->is_reparented()) return at_tracee(*tracee);
    // Its end is all that a zombie has still to tell; and the tracer's to hear first.
    if (child.life.state == ProcessState::kZombie && !tracee && !(options_ & kWaitExited)) return false;
    any_ = true;
    if (child.life.state != ProcessState::kZombie || !tracee) event_ = take_event(child, options_);
    return event_.pid != 0;
  }

  bool is_meant(const Tracee& tracee) const {
    if (handle_ || which_ > 0) return tracee.tid() == which_;
    const int group = tracee.process().ids.group;
    return which_ == -1 || group == (which_ == 0 ? int{current().process->ids.group} : -which_);
  }

  bool at_tracee(Tracee& tracee) {
    Process& process = tracee.process();
    const bool ended = !tracee.task();
    if (ended && (!tracee.leads() || process.life.state == ProcessState::kZombie)) {
      if (!(options_ & kWaitExited)) return false;
      any_ = true;
      take_end(tracee);
      return true;
    }
    // A first thread that has ended before the others does not stop any more.
    if (!ended || (options_ & (kWaitExited | kWaitContinued))) any_ = true;
    const bool consume = !(options_ & kWaitNoWait);
    if (tracee.stopped && !tracee.listening && tracee.code != 0) {
      event_ = event_of(tracee, tracee.code << 8 | 0x7f);
      event_.trapped = true;
      if (consume) tracee.code = 0;
    } else if (process.life.report.continued && (options_ & kWaitContinued)) {
      event_ = event_of(tracee, 0xffff);
      if (consume) process.life.report.continued = false;
    }
    return event_.pid != 0;
  }

  static WaitEvent event_of(Tracee& tracee, int status) {
    WaitEvent event;
    event.pid = tracee.tid();
    event.uid = tracee.uid();
    event.status = status;
    return event;
  }

  void take_end(Tracee& traced) {
    const Ref<Tracee> tracee(&traced);
    Process& process = tracee->process();
    const bool consume = !(options_ & kWaitNoWait);
    if (tracee->leads() && !tracee->is_reparented()) {
      if (consume) unlink_tracee(*tracee);
      event_ = take_event(process, options_);
      return;
    }
    event_ = event_of(*tracee, tracee->leads() ? process.life.exit_status : tracee->exit_status);
    event_.cpu_time = total_cpu_time(process);
    if (!consume) return;
    unlink_tracee(*tracee);
    // Now it is the parent's turn.
    if (tracee->leads() && notify_parent_of_exit(process)) remove_process(process);
  }

  int which_;
  const PidHandle* handle_;
  unsigned options_;
  bool any_ = false;
  WaitEvent event_;
};

Result<WaitEvent> wait_for(int which, const PidHandle* handle, unsigned options) {
  Look look(which, handle, options);
  TRY(current().process->family.child_changed.wait_until([&] { return look.at_all(); }));
  if (!look.any()) return Errno::kChild;
  return look.event();
}

}  // namespace

Result<WaitEvent> wait_for_child(int which, unsigned options) {
  return wait_for(which, nullptr, options);
}

Result<WaitEvent> wait_for_child(const PidHandle& which, unsigned options) {
  return wait_for(0, &which, options);
}

}  // namespace kernel::task
