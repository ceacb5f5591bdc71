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
constexpr std::uint64_t kDueNs = 1;  // what interval_timer() says remains when it is nothing
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

// Sends the signal of a timer of CPU time that is due, and sets its next expiry.
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
  IntervalTimer& real = process.signals.interval_timers[kTimerReal];
  if (real.interval_ns == 0) real.expires_ns = 0;
  send_signal(process, kernel_signal(kSigAlrm));
}

// RLIMIT_CPU (getrlimit(2)): SIGXCPU at the soft limit and, as Linux does it, once more after each second from there on,
// for which it moves the soft limit; SIGKILL at the hard one. Without a soft limit Linux does not look at the hard one.
bool has_cpu_limit(const Process& process) {
  return process.limits.current(Resource::kCpu) != kUnlimited;
}

std::uint64_t limit_ns(std::uint64_t seconds) {
  return seconds < kEndOfTimeNs / kNanosecondsPerSecond ? seconds * kNanosecondsPerSecond : kEndOfTimeNs;
}

void enforce_cpu_limit(Process& process) {
  if (!has_cpu_limit(process)) return;
  const Rlimit limit = process.limits.get(Resource::kCpu);
  const std::uint64_t used = process_cpu_time(process).total_ns();
  if (used >= limit_ns(limit.maximum)) {
    send_signal(process, kernel_signal(kSigKill));
  } else if (used >= limit_ns(limit.current)) {
    send_signal(process, kernel_signal(kSigXcpu));
    process.limits.set(Resource::kCpu, {limit.current + 1, limit.maximum});
  }
}

bool has_cpu_deadline(const Task& thread) {
  const Process& process = *thread.process;
  return thread.cpu_clock.has_armed_timers() || process.cpu_clock.has_armed_timers() || has_cpu_limit(process) ||
         process.signals.interval_timers[kTimerVirtual].expires_ns != 0 ||
         process.signals.interval_timers[kTimerProf].expires_ns != 0;
}

void cpu_timer_fired(Timer& timer);

// Of the thread that has the CPU: the timer fires for what is due soon a little late, so that a process is not interrupted
// all the time.
void arm_cpu_timer(Task& thread, std::uint64_t not_before_ns) {
  Process& process = *thread.process;
  std::uint64_t remaining = std::min(thread.cpu_clock.remaining_ns(), process.cpu_clock.remaining_ns());
  for (unsigned which : {kTimerVirtual, kTimerProf}) {
    const TimerSetting setting = interval_timer(process, which);
    if (setting.remaining_ns != 0) remaining = std::min(remaining, setting.remaining_ns);
  }
  if (has_cpu_limit(process)) {
    const std::uint64_t limit = limit_ns(process.limits.current(Resource::kCpu));
    const std::uint64_t used = process_cpu_time(process).total_ns();
    remaining = std::min(remaining, limit > used ? limit - used : 0);
  }
  process.signals.cpu_timer.owner = &process;
  if (remaining > kDueNs) remaining = std::max(remaining, kCpuTimerGranularityNs);
  const std::uint64_t at = saturating_add(monotonic_ns(), std::max(remaining, not_before_ns));
  timer_queue().arm(process.signals.cpu_timer, at, cpu_timer_fired);
}

void start_cpu_timers(Task& thread, std::uint64_t not_before_ns) {
  if (has_cpu_deadline(thread) && !thread.process->life.exiting) arm_cpu_timer(thread, not_before_ns);
}

void cpu_timer_fired(Timer& timer) {
  Process& process = *static_cast<Process*>(timer.owner);
  for (unsigned which : {kTimerVirtual, kTimerProf}) {
    const std::uint64_t expires = process.signals.interval_timers[which].expires_ns;
    const std::uint64_t now = clock_of(process, which);
    if (expires != 0 && now >= expires) expire(process, which, now);
  }
  enforce_cpu_limit(process);
  // It is armed while one of the process's threads has the CPU.
  Task& thread = current();
  process.cpu_clock.run_expired();
  thread.cpu_clock.run_expired();
  start_cpu_timers(thread, kCpuTimerGranularityNs);
}

void cpu_deadlines_changed(Process& process) {
  stop_cpu_timers(process);
  if (&process == current().process.get()) start_cpu_timers(current());
}

}  // namespace

void start_cpu_timers(Task& thread) {
  start_cpu_timers(thread, 0);
}

void stop_cpu_timers(Process& process) {
  process.signals.cpu_timer.cancel();
}

void real_timer_signal_taken(Process& process) {
  IntervalTimer& real = process.signals.interval_timers[kTimerReal];
  if (real.interval_ns == 0 || process.signals.real_timer.armed()) return;
  real.expires_ns = next_expiry(real.expires_ns, real.interval_ns, monotonic_ns()).ns;
  arm_real_timer(process);
}

void cpu_limit_changed(Process& process) {
  cpu_deadlines_changed(process);
}

TimerSetting interval_timer(Process& process, unsigned which) {
  const IntervalTimer& timer = process.signals.interval_timers[which];
  const bool waits = which == kTimerReal && !process.signals.real_timer.armed();
  if (timer.expires_ns == 0 || waits) return {0, timer.interval_ns};
  const std::uint64_t now = clock_of(process, which);
  // Due but not yet noticed: it is armed, so what remains is not nothing.
  return {timer.expires_ns > now ? timer.expires_ns - now : 1, timer.interval_ns};
}

void set_interval_timer(Process& process, unsigned which, TimerSetting setting) {
  IntervalTimer& timer = process.signals.interval_timers[which];
  timer.interval_ns = setting.interval_ns;
  timer.expires_ns = setting.remaining_ns ? saturating_add(clock_of(process, which), setting.remaining_ns) : 0;
  if (which == kTimerReal) {
    if (setting.remaining_ns == 0) timer.interval_ns = 0;
    arm_real_timer(process);
  } else {
    cpu_deadlines_changed(process);
  }
}

void cancel_process_timers(Process& process) {
  process.signals.real_timer.cancel();
  process.signals.cpu_timer.cancel();
  for (IntervalTimer& timer : process.signals.interval_timers) timer = {};
  delete_posix_timers(process);
}

}  // namespace kernel::task
