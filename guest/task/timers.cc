#include "task/timers.h"

#include <algorithm>

#include "lib/time.h"
#include "task/cpu_time.h"
#include "task/posix_timers.h"
#include "task/process.h"
#include "task/scheduler.h"
#include "task/signal.h"

namespace kernel::task {
namespace {

constexpr std::uint64_t kCpuTimerGranularityNs = 1'000'000;
constexpr int kSignalOfTimer[kIntervalTimerCount] = {kSigAlrm, kSigVtAlrm, kSigProf};

// The clock that a timer runs on.
std::uint64_t clock_of(Process& process, unsigned which) {
  switch (which) {
    case kTimerVirtual:
      return process_cpu_time(process).user_ns;
    case kTimerProf:
      return process_cpu_time(process).total_ns();
    default:
      return monotonic_ns();
  }
}

// Sends the signal of a timer that is due, and sets its next expiry.
void expire(Process& process, unsigned which, std::uint64_t now) {
  IntervalTimer& timer = process.signals.interval_timers[which];
  timer.expires_ns = timer.interval_ns ? next_expiry(timer.expires_ns, timer.interval_ns, now).ns : 0;
  send_signal(process, kernel_signal(kSignalOfTimer[which]));
}

void real_timer_fired(Timer& timer);

void arm_real_timer(Process& process) {
  const std::uint64_t expires = process.signals.interval_timers[kTimerReal].expires_ns;
  process.signals.real_timer.owner = &process;
  if (expires != 0) {
    timer_queue().arm(process.signals.real_timer, expires, real_timer_fired);
  } else {
    process.signals.real_timer.cancel();
  }
}

void real_timer_fired(Timer& timer) {
  Process& process = *static_cast<Process*>(timer.owner);
  expire(process, kTimerReal, monotonic_ns());
  arm_real_timer(process);
}

void cpu_timer_fired(Timer& timer);

void arm_cpu_timer(Process& process) {
  std::uint64_t remaining = TimerQueue::kNever;
  for (unsigned which : {kTimerVirtual, kTimerProf}) {
    const TimerSetting setting = interval_timer(process, which);
    if (setting.remaining_ns != 0) remaining = std::min(remaining, setting.remaining_ns);
  }
  process.signals.cpu_timer.owner = &process;
  if (remaining == TimerQueue::kNever) {
    process.signals.cpu_timer.cancel();
  } else {
    const std::uint64_t at = saturating_add(monotonic_ns(), std::max(remaining, kCpuTimerGranularityNs));
    timer_queue().arm(process.signals.cpu_timer, at, cpu_timer_fired);
  }
}

void cpu_timer_fired(Timer& timer) {
  Process& process = *static_cast<Process*>(timer.owner);
  for (unsigned which : {kTimerVirtual, kTimerProf}) {
    const std::uint64_t expires = process.signals.interval_timers[which].expires_ns;
    const std::uint64_t now = clock_of(process, which);
    if (expires != 0 && now >= expires) expire(process, which, now);
  }
  arm_cpu_timer(process);
}

}  // namespace

TimerSetting interval_timer(Process& process, unsigned which) {
  const IntervalTimer& timer = process.signals.interval_timers[which];
  if (timer.expires_ns == 0) return {0, timer.interval_ns};
  const std::uint64_t now = clock_of(process, which);
  // Due but not yet noticed: it is armed, so what remains is not nothing.
  return {timer.expires_ns > now ? timer.expires_ns - now : 1, timer.interval_ns};
}

void set_interval_timer(Process& process, unsigned which, TimerSetting setting) {
  IntervalTimer& timer = process.signals.interval_timers[which];
  timer.interval_ns = setting.interval_ns;
  timer.expires_ns = setting.remaining_ns ? saturating_add(clock_of(process, which), setting.remaining_ns) : 0;
  if (which == kTimerReal) {
    arm_real_timer(process);
  } else {
    arm_cpu_timer(process);
  }
}

void cancel_process_timers(Process& process) {
  process.signals.real_timer.cancel();
  process.signals.cpu_timer.cancel();
  for (IntervalTimer& timer : process.signals.interval_timers) timer = {};
  delete_posix_timers(process);
}

}  // namespace kernel::task
