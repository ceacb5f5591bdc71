// Interval timers of a process: setitimer(2), alarm(2).
//
// ITIMER_REAL is a timer of the kernel's queue. ITIMER_VIRTUAL and ITIMER_PROF count CPU time, for which there is no
// tick: a timer is set for the earliest moment at which they can expire, if the process ran all the time until then,
// and looks again.
#pragma once

#include <cstdint>

#include "task/signal_state.h"

namespace kernel::task {

class Process;

// Periodic timers fire at most this often; shots in between are merged, as the signals that they send would be.
inline constexpr std::uint64_t kMinimumTimerPeriodNs = 100'000;

struct TimerSetting {
  std::uint64_t remaining_ns = 0;  // 0: disarmed
  std::uint64_t interval_ns = 0;   // 0: one shot
};

// `which` is kTimerReal, kTimerVirtual or kTimerProf.
TimerSetting interval_timer(Process& process, unsigned which);
void set_interval_timer(Process& process, unsigned which, TimerSetting setting);
// execve keeps interval timers; exit does not.
void cancel_process_timers(Process& process);

// The expiry after `now` of a timer that expired at `expired_ns`, and how many it missed on the way there.
struct NextExpiry {
  std::uint64_t ns;
  std::uint64_t missed;
};
NextExpiry next_expiry(std::uint64_t expired_ns, std::uint64_t interval_ns, std::uint64_t now);

}  // namespace kernel::task
