#include "task/wait.h"

#include <algorithm>

#include "task/exit.h"
#include "task/pid_handle.h"
#include "task/process.h"
#include "task/task.h"

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

// `handle`: the child itself, instead of `which`.
Result<WaitEvent> wait_for(int which, const PidHandle* handle, unsigned options) {
  Process& self = *current().process;
  WaitEvent event;
  bool any = false;
  auto look = [&] {
    any = false;
    const auto has_event = [&](Process& child) {
      if (!matches(child, handle ? child.ids.pid : which, options)) return false;
      // Its end is all that a zombie has still to tell.
      if (child.life.state == ProcessState::kZombie && !(options & kWaitExited)) return false;
      any = true;
      event = take_event(child, options);
      return event.pid != 0;
    };
    if (handle || which > 0) {
      Process* child = handle ? handle->process() : find_process(which);
      if (child && child->family.parent() == &self && has_event(*child)) return true;
    } else {
      for (Process& child : self.family.children()) {
        if (has_event(child)) return true;
      }
    }
    return !any || (options & kWaitNoHang);
  };
  TRY(self.family.child_changed.wait_until(look));
  if (!any) return Errno::kChild;
  return event;
}

}  // namespace

Result<WaitEvent> wait_for_child(int which, unsigned options) {
  return wait_for(which, nullptr, options);
}

Result<WaitEvent> wait_for_child(const PidHandle& which, unsigned options) {
  return wait_for(0, &which, options);
}

}  // namespace kernel::task
