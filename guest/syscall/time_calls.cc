#include "syscall/time_calls.h"

#include <algorithm>

#include "mm/address_space.h"
#include "syscall/clocks.h"
#include "syscall/time_values.h"
#include "task/cpu_time.h"
#include "task/process.h"
#include "task/scheduler.h"
#include "task/task.h"
#include "task/wall_clock.h"

namespace kernel::syscall {

using task::Process;
using task::Task;

namespace {

// Sleeps until the deadline; kRestart if a signal comes first.
Result<void> sleep_until(Deadline deadline) {
  for (;;) {
    const auto blocked = task::block(deadline);
    if (blocked) continue;
    if (blocked.error() == Errno::kTimedOut) return {};
    return blocked.error();
  }
}

// A sleep of some length: if it is interrupted, the caller gets the rest, and without a handler it goes on to the same
// end.
SyscallResult sleep_for(Deadline deadline, mm::UserPtr<Timespec> remaining);

SyscallResult resume_sleep(const task::RestartBlock& restart) {
  return sleep_for(restart.deadline, mm::UserPtr<Timespec>(restart.user_address));
}

SyscallResult sleep_for(Deadline deadline, mm::UserPtr<Timespec> remaining) {
  if (sleep_until(deadline)) return 0;
  const std::uint64_t left = deadline.remaining_ns();
  if (left == 0) return 0;
  if (remaining) TRY(remaining.write(to_timespec(left)));
  task::current().signals.restart = {.resume = resume_sleep, .deadline = deadline, .user_address = remaining.address()};
  return Errno::kRestartBlock;
}

// A sleep until a CPU-time clock shows `until_ns`: somebody else's, or the caller's own process's, in which another thread
// runs meanwhile. Returns what is left of it if a signal comes first. Nothing else ends it when whose time it is has gone, as on
// Linux; then everything is left.
Result<std::uint64_t> sleep_on_cpu_clock(const CpuClockChoice& clock, std::uint64_t until_ns) {
  struct Sleep {
    task::Sleeper sleeper;
    bool over = false;
  } sleep;
  task::CpuTimer timer;
  timer.owner = &sleep;
  timer.attach(clock.clock, clock.kind);
  const std::uint64_t begin = timer.now();
  if (begin >= until_ns) return 0;
  timer.arm(until_ns, [](task::CpuTimer& due) {
    auto& waiting = *static_cast<Sleep*>(due.owner);
    waiting.over = true;
    waiting.sleeper.wake(task::kAnyEvent);
  });
  while (!sleep.over) {
    if (sleep.sleeper.sleep()) continue;
    const std::uint64_t now = timer.attached() ? timer.now() : begin;
    return until_ns > now ? until_ns - now : 0;
  }
  return 0;
}

SyscallResult resume_cpu_time_sleep(const task::RestartBlock& restart) {
  const CpuClockChoice clock = TRY(cpu_clock(static_cast<int>(restart.arguments[0]), ClockUse::kTimer));
  const std::uint64_t left = TRY(sleep_on_cpu_clock(clock, restart.arguments[1]));
  if (left == 0) return 0;
  if (restart.user_address) TRY(mm::UserPtr<Timespec>(restart.user_address).write(to_timespec(left)));
  task::current().signals.restart = restart;
  return Errno::kRestartBlock;
}

// Only other threads' time passes while the caller sleeps.
bool is_own_thread_clock(int clock) {
  const auto chosen = cpu_clock(clock, ClockUse::kTimer);
  return chosen && &chosen.value().clock == &task::current().cpu_clock;
}

Result<void> set_wall_clock(std::uint64_t realtime) {
  if (!task::current().credentials.can(task::Capability::kSysTime)) return Errno::kPerm;
  const std::uint64_t uptime = monotonic_ns();
  // The VM would have booted before the Epoch, or its clock would come to the end of time within 30 years: as on Linux
  // (TIME_SETTOD_SEC_MAX), so that what adds to the clock need not look out for it.
  constexpr std::uint64_t kLatest = kEndOfTimeNs - std::uint64_t{30} * 365 * 24 * 3600 * kNanosecondsPerSecond;
  if (realtime < uptime || realtime >= kLatest) return Errno::kInval;
  task::set_wall_clock(realtime - uptime);
  return {};
}

}  // namespace

SyscallResult sys_nanosleep(mm::UserPtr<const Timespec> duration, mm::UserPtr<Timespec> remaining) {
  const std::uint64_t ns = TRY(read_duration(duration));
  if (ns == 0) {
    task::yield();
    return 0;
  }
  return sleep_for(Deadline::after(ns), remaining);
}

SyscallResult sys_clock_nanosleep(int clock, int flags, mm::UserPtr<const Timespec> time,
                                  mm::UserPtr<Timespec> remaining) {
  constexpr int kAbsolute = 1;  // TIMER_ABSTIME
  if (is_cpu_clock(clock)) {
    if (clock == kClockThreadCpuTime) return Errno::kOpNotSupp;
    const std::uint64_t ns = TRY(read_duration(time));
    if (is_own_thread_clock(clock)) return Errno::kInval;
    const CpuClockChoice chosen = TRY(cpu_clock(clock, ClockUse::kTimer));
    if (flags & kAbsolute) {
      if (TRY(sleep_on_cpu_clock(chosen, ns)) != 0) return Errno::kRestartNoHandler;
      return 0;
    }
    return resume_cpu_time_sleep(
        {.resume = resume_cpu_time_sleep,
         .user_address = remaining.address(),
         .arguments = {static_cast<std::uint32_t>(clock), saturating_add(chosen.clock.now(chosen.kind), ns)}});
  }
  TRY(deadline_on_clock(clock, 0));  // whether it can be slept on
  const std::uint64_t ns = TRY(read_duration(time));
  const Deadline absolute = TRY(deadline_on_clock(clock, ns));
  if (!(flags & kAbsolute)) return sleep_for(Deadline::after(ns), remaining);
  if (!sleep_until(absolute)) return Errno::kRestartNoHandler;
  return 0;
}

SyscallResult sys_gettimeofday(mm::UserPtr<Timeval> time, mm::UserPtr<Timezone> zone) {
  if (time) TRY(time.write(to_timeval(realtime_ns())));
  if (zone) TRY(zone.write({}));
  return 0;
}

SyscallResult sys_settimeofday(mm::UserPtr<const Timeval> time, mm::UserPtr<const Timezone> zone) {
  if (!task::current().credentials.can(task::Capability::kSysTime)) return Errno::kPerm;
  if (zone) {
    // The kernel's time zone is obsolete (settimeofday(2)); only "none" can be set.
    const Timezone value = TRY(zone.read());
    if (value.minutes_west != 0 || value.dst_time != 0) return Errno::kInval;
  }
  if (time) {
    const Timeval value = TRY(time.read());
    const std::uint64_t realtime = TRY(nanoseconds_of(value));
    TRY(set_wall_clock(realtime));
  }
  return 0;
}

SyscallResult sys_time(mm::UserPtr<std::int64_t> seconds) {
  const std::int64_t now = to_timespec(realtime_ns()).seconds;
  if (seconds) TRY(seconds.write(now));
  return static_cast<std::uint64_t>(now);
}

SyscallResult sys_clock_gettime(int clock, mm::UserPtr<Timespec> time) {
  const std::uint64_t now = TRY(read_clock(clock));
  TRY(time.write(to_timespec(now)));
  return 0;
}

SyscallResult sys_clock_settime(int clock, mm::UserPtr<const Timespec> time) {
  if (clock < 0) {
    TRY(time.read());
    return cpu_clock(clock, ClockUse::kTimer) ? Errno::kPerm : Errno::kInval;
  }
  if (clock != kClockRealtime) return Errno::kInval;
  const std::uint64_t realtime = TRY(read_duration(time));
  TRY(set_wall_clock(realtime));
  return 0;
}

SyscallResult sys_clock_getres(int clock, mm::UserPtr<Timespec> resolution) {
  TRY(read_clock(clock));
  // Every clock is the TSC in the end, the coarse ones too.
  if (resolution) TRY(resolution.write({0, 1}));
  return 0;
}

SyscallResult sys_adjtimex(mm::UserBuffer) {
  // The clock follows the host's TSC; there is nothing to discipline here.
  return Errno::kPerm;
}

SyscallResult sys_clock_adjtime(int, mm::UserBuffer) {
  return Errno::kPerm;
}

SyscallResult sys_times(mm::UserPtr<Tms> times) {
  Process& process = *task::current().process;
  const task::CpuTime time = task::process_cpu_time(process);
  if (times) {
    const task::CpuTime& reaped = process.accounting.reaped;
    const auto ticks = [](std::uint64_t ns) { return static_cast<std::int64_t>(task::to_ticks(ns)); };
    TRY(times.write({ticks(time.user_ns), ticks(time.system_ns), ticks(reaped.user_ns), ticks(reaped.system_ns)}));
  }
  return task::to_ticks(monotonic_ns());
}

SyscallResult sys_getrusage(int who, mm::UserPtr<Rusage> usage) {
  enum { kSelf = 0, kChildren = -1, kThread = 1 };
  const Task& self = task::current();
  Process& process = *self.process;
  Rusage result;
  switch (who) {
    case kSelf:
      result = to_rusage(task::process_cpu_time(process));
      break;
    case kThread:
      result = to_rusage(task::task_cpu_time(self));
      break;
    case kChildren:
      result = to_rusage(process.accounting.reaped, process.accounting.reaped_peak_pages);
      break;
    default:
      return Errno::kInval;
  }
  if (who != kChildren) {
    const std::uint64_t peak = std::max(self.space->peak_resident_pages(), process.accounting.peak_pages);
    result.max_resident_kib = static_cast<std::int64_t>(peak * (mm::kPageSize / 1024));
    result.minor_faults = static_cast<std::int64_t>(process.accounting.minor_faults);
  }
  TRY(usage.write(result));
  return 0;
}

}  // namespace kernel::syscall
