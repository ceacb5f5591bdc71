#include "syscall/clocks.h"

#include "task/process.h"
#include "task/task.h"

namespace kernel::syscall {
namespace {

// A CPU time clock's number: the complement of the id from bit 3 on, bit 2 for a thread, bits 1:0 what is counted
// (the kernel's include/linux/posix-timers_types.h). Id 0 is the caller.
constexpr int kThreadClock = 4;
constexpr int kClockOfFile = 3;  // bits 2:0: a device's clock (PTP), of which there is none; none can be slept on
enum { kProf = 0, kVirtual = 1, kScheduled = 2 };

}  // namespace

bool is_cpu_clock(int clock) {
  return clock < 0 || clock == kClockProcessCpuTime || clock == kClockThreadCpuTime;
}

Result<CpuClockChoice> cpu_clock(int clock, ClockUse use) {
  task::Task& self = task::current();
  if (clock == kClockProcessCpuTime) return CpuClockChoice{self.process->cpu_clock, task::CpuTimeKind::kTotal};
  if (clock == kClockThreadCpuTime) return CpuClockChoice{self.cpu_clock, task::CpuTimeKind::kTotal};
  if (use == ClockUse::kTimer && clock < 0 && (clock & 7) == kClockOfFile) return Errno::kOpNotSupp;
  const int id = ~(clock >> 3);
  if (clock >= 0 || (clock & 3) > kScheduled || id < 0) return Errno::kInval;
  const auto kind = (clock & 3) == kVirtual ? task::CpuTimeKind::kUser : task::CpuTimeKind::kTotal;
  if (clock & kThreadClock) {
    task::Task* target = id == 0 ? &self : task::find_task(id);
    // Only threads of the caller's own process are visible so.
    if (!target || target->process.get() != self.process.get()) return Errno::kInval;
    return CpuClockChoice{target->cpu_clock, kind};
  }
  const bool own = id == 0 || (use == ClockUse::kRead && id == self.tid);
  task::Process* target = own ? self.process.get() : task::find_process(id);
  if (!target) return Errno::kInval;
  return CpuClockChoice{target->cpu_clock, kind};
}

Result<std::uint64_t> read_clock(int clock) {
  if (is_cpu_clock(clock)) {
    const CpuClockChoice chosen = TRY(cpu_clock(clock, ClockUse::kRead));
    return chosen.clock.now(chosen.kind);
  }
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
    case kClockTai:
      return Deadline::at_realtime(ns);
    case kClockMonotonicRaw:
    case kClockMonotonicCoarse:
    case kClockRealtimeCoarse:
      return Errno::kOpNotSupp;
    default:
      return is_cpu_clock(clock) ? Errno::kOpNotSupp : Errno::kInval;
  }
}

}  // namespace kernel::syscall
