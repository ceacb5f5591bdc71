#include "task/wait.h"

#include "task/exit.h"
#include "task/process.h"
#include "task/task.h"

namespace kernel::task {
namespace {

bool matches(const Process& child, int which, unsigned options) {
  const bool clone_child = child.exit_signal != kSigChld;
  if (!(options & kWaitAll) && clone_child != static_cast<bool>(options & kWaitClone)) return false;
  if (which > 0) return child.pid == which;
  if (which == -1) return true;
  return child.group == (which == 0 ? current().process->group : -which);
}

CpuTime total_cpu_time(Process& child) {
  CpuTime time = process_cpu_time(child);
  time.user_ns += child.reaped_user_ns;
  time.system_ns += child.reaped_system_ns;
  return time;
}

// What `child` has to report, consuming it unless kWaitNoWait.
WaitEvent take_event(Process& child, unsigned options) {
  const bool consume = !(options & kWaitNoWait);
  WaitEvent event;
  event.uid = child.real_uid();
  if (child.state == ProcessState::kZombie && (options & kWaitExited)) {
    event.pid = child.pid;
    event.status = child.exit_status;
    event.cpu_time = total_cpu_time(child);
    if (consume) {
      Process& self = *current().process;
      self.reaped_user_ns += event.cpu_time.user_ns;
      self.reaped_system_ns += event.cpu_time.system_ns;
      remove_process(child);
    }
  } else if (child.state == ProcessState::kStopped && !child.stop_reported && (options & kWaitStopped)) {
    event.pid = child.pid;
    event.status = child.stop_signal << 8 | 0x7f;
    if (consume) child.stop_reported = true;
  } else if (child.continued && (options & kWaitContinued)) {
    event.pid = child.pid;
    event.status = 0xffff;
    if (consume) child.continued = false;
  }
  return event;
}

}  // namespace

Result<WaitEvent> wait_for_child(int which, unsigned options) {
  Process& self = *current().process;
  WaitEvent event;
  bool any = false;
  auto look = [&] {
    any = false;
    for (Process& child : self.children) {
      if (!matches(child, which, options)) continue;
      any = true;
      event = take_event(child, options);
      if (event.pid != 0) return true;
    }
    return !any || (options & kWaitNoHang);
  };
  TRY(self.child_changed.wait_until(look));
  if (!any) return Errno::kChild;
  return event;
}

}  // namespace kernel::task
