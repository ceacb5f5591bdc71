// Interval timers of a process: setitimer(2), alarm(2); and its limit of CPU time, RLIMIT_CPU.
//
// ITIMER_REAL is a timer of the kernel's queue. A periodic one is not set again when it expires but when its signal is
// taken, as on Linux: so it costs nothing while nobody takes it, and a period shorter than what it costs stops nobody but
// who takes it.
//
// ITIMER_VIRTUAL, ITIMER_PROF and the limit count CPU time, as do the timers of task/cpu_timers.h. There is no tick for
// that: while the process has the CPU, a timer is set for the earliest moment at which one of them can expire, and looks
// again. While it has not, nothing is set: none can.
#pragma once

#include <cstdint>

#include "task/signal_state.h"

namespace kernel::task {

class Process;
class Task;

// Periodic timers fire at most this often; shots in between are merged, as the signals that they send would be.
inline constexpr std::uint64_t kMinimumTimerPeriodNs = 100'000;

struct TimerSetting {
  std::uint64_t remaining_ns = 0;  // 0: disarmed
  std::uint64_t interval_ns = 0;   // 0: one shot
};

// `which` is kTimerReal, kTimerVirtual or kTimerProf.
TimerSetting interval_timer(Process& process, unsigned which);
void set_interval_timer(Process& process, unsigned which, TimerSetting setting);
// A SIGALRM that was sent to the process has been taken.
void real_timer_signal_taken(Process& process);
// RLIMIT_CPU has been changed.
void cpu_limit_changed(Process& process);
// A thread gets the CPU, or loses it. The first one also when there is something new to expire.
void start_cpu_timers(Task& thread);
void stop_cpu_timers(Process& process);
// execve keeps interval timers; exit does not.
void cancel_process_timers(Process& process);

// The expiry after `now` of a timer that expired at `expired_ns`, and how many it missed on the way there.
struct NextExpiry {
  std::uint64_t ns;
  std::uint64_t missed;
};
NextExpiry next_expiry(std::uint64_t expired_ns, std::uint64_t interval_ns, std::uint64_t now);

}  // namespace kernel::task
