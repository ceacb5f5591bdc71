#include "syscall/clocks.h"

#include "task/cpu_time.h"
#include "task/process.h"
#include "task/task.h"

namespace kernel::syscall {
namespace {

// A CPU time clock's number: the complement of the id from bit 3 on, bit 2 for a thread, bits 1:0 what is counted
// (the kernel's include/linux/posix-timers_types.h). Id 0 is the caller.
Result<std::uint64_t> read_cpu_clock(int clock) {
  const int id = ~(clock >> 3);
  const bool thread = clock & 4;
  enum { kProf = 0, kVirtual = 1, kScheduled = 2 };
  const int kind = clock & 3;
  if (kind > kScheduled || id < 0) return Errno::kInval;
  task::CpuTime time;
  if (thread) {
    const task::Task* target = id == 0 ? &task::current() : task::find_task(id);
    // Only threads of the caller's own process are visible so.
    if (!target || target->process.get() != task::current().process.get()) return Errno::kInval;
    time = task::task_cpu_time(*target);
  } else {
    task::Process* target = id == 0 ? task::current().process.get() : task::find_process(id);
    if (!target) return Errno::kInval;
    time = task::process_cpu_time(*target);
  }
  return kind == kVirtual ? time.user_ns : time.total_ns();
}

}  // namespace

Result<std::uint64_t> read_clock(int clock) {
  if (clock < 0) return read_cpu_clock(clock);
  switch (clock) {
    case kClockRealtime:
    case kClockRealtimeCoarse:
    case kClockRealtimeAlarm:
    case kClockTai:
      return realtime_ns();  // no leap second offset is known: TAI - UTC = 0, as on a fresh Linux
    case kClockMonotonic:
    case kClockMonotonicRaw:
    case kClockMonotonicCoarse:
    case kClockBootTime:
    case kClockBootTimeAlarm:
      return monotonic_ns();
    case kClockProcessCpuTime:
      return task::process_cpu_time(*task::current().process).total_ns();
    case kClockThreadCpuTime:
      return task::task_cpu_time(task::current()).total_ns();
    default:
      return Errno::kInval;
  }
}

Result<Deadline> deadline_on_clock(int clock, std::uint64_t ns) {
  switch (clock) {
    case kClockMonotonic:
    case kClockBootTime:
    case kClockBootTimeAlarm:
      return Deadline::at(ns);
    case kClockRealtime:
    case kClockRealtimeAlarm:
    case kClockTai: {
      const std::uint64_t realtime_at_boot = realtime_offset_ns();
      return Deadline::at(ns > realtime_at_boot ? ns - realtime_at_boot : 0);
    }
    case kClockProcessCpuTime:
      return Errno::kOpNotSupp;
    default:
      return clock < 0 ? Errno::kOpNotSupp : Errno::kInval;
  }
}

}  // namespace kernel::syscall
