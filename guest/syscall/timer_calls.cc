#include "syscall/timer_calls.h"

#include "syscall/clocks.h"
#include "syscall/time_values.h"
#include "task/posix_timers.h"
#include "task/process.h"
#include "task/task.h"
#include "task/timers.h"

namespace kernel::syscall {

using task::Process;
using task::TimerSetting;

namespace {

Process& own_process() {
  return *task::current().process;
}

// Settings are kept in nanoseconds and shown in microseconds: what is armed must not look disarmed.
ItimerValue to_itimer_value(const TimerSetting& setting) {
  const std::uint64_t remaining = setting.remaining_ns == 0 ? 0 : (setting.remaining_ns + 999) / 1000 * 1000;
  return {to_timeval(setting.interval_ns), to_timeval(remaining)};
}

}  // namespace

SyscallResult sys_getitimer(unsigned which, mm::UserPtr<ItimerValue> value) {
  if (which >= task::kIntervalTimerCount) return Errno::kInval;
  TRY(value.write(to_itimer_value(task::interval_timer(own_process(), which))));
  return 0;
}

SyscallResult sys_setitimer(unsigned which, mm::UserPtr<const ItimerValue> value, mm::UserPtr<ItimerValue> old_value) {
  if (which >= task::kIntervalTimerCount) return Errno::kInval;
  TimerSetting setting;  // a null pointer disarms, as Linux does although it is no valid use (setitimer(2))
  if (value) {
    const ItimerValue wanted = TRY(value.read());
    setting.remaining_ns = TRY(nanoseconds_of(wanted.value));
    setting.interval_ns = TRY(nanoseconds_of(wanted.interval));
  }
  const TimerSetting old = task::interval_timer(own_process(), which);
  task::set_interval_timer(own_process(), which, setting);
  if (old_value) TRY(old_value.write(to_itimer_value(old)));
  return 0;
}

SyscallResult sys_alarm(unsigned seconds) {
  const TimerSetting old = task::interval_timer(own_process(), task::kTimerReal);
  task::set_interval_timer(own_process(), task::kTimerReal, {seconds * kNanosecondsPerSecond, 0});
  if (old.remaining_ns == 0) return 0;
  // To the nearest second, but never to "there was none" (as Linux does).
  const std::uint64_t remaining = (old.remaining_ns + kNanosecondsPerSecond / 2) / kNanosecondsPerSecond;
  return remaining == 0 ? 1 : remaining;
}

SyscallResult sys_timer_create(int clock, mm::UserPtr<const SignalEvent> event, mm::UserPtr<std::int32_t> id) {
  enum { kSignal = 0, kNone = 1, kThread = 2, kThreadId = 4 };
  task::PosixTimerOptions options;
  if (!is_cpu_clock(clock)) options.wall_clock = TRY(deadline_on_clock(clock, 0)).moves();
  if (event) {
    const SignalEvent wanted = TRY(event.read());
    options.signal = wanted.signal;
    options.value = wanted.value;
    switch (wanted.notify) {
      case kNone:
        options.notification = task::TimerNotification::kNone;
        break;
      case kSignal:
      case kThread:
        break;  // the C library makes the thread; what the kernel is asked for is a signal
      case kThreadId: {
        const task::Task* thread = task::find_task(wanted.thread_id);
        if (!thread || thread->process.get() != &own_process()) return Errno::kInval;
        options.notification = task::TimerNotification::kThread;
        options.thread = wanted.thread_id;
        break;
      }
      default:
        return Errno::kInval;
    }
    if (wanted.notify != kNone && (wanted.signal < 1 || wanted.signal > task::kSignalCount)) return Errno::kInval;
  } else {
    options.value_is_id = true;
  }
  // Looked up last: a copy from the payload may sleep, and whose clock it is may be gone then.
  if (is_cpu_clock(clock)) {
    const CpuClockChoice chosen = TRY(cpu_clock(clock, ClockUse::kTimer));
    options.cpu_clock = &chosen.clock;
    options.cpu_time_kind = chosen.kind;
  }
  const int made = TRY(task::create_posix_timer(own_process(), options));
  if (auto written = id.write(made); !written) {
    TRY(task::delete_posix_timer(own_process(), made));
    return written.error();
  }
  return 0;
}

SyscallResult sys_timer_settime(int id, int flags, mm::UserPtr<const ItimerSpec> value,
                                mm::UserPtr<ItimerSpec> old_value) {
  constexpr int kAbsolute = 1;  // TIMER_ABSTIME
  const ItimerSpec wanted = TRY(value.read());
  const std::uint64_t interval = TRY(nanoseconds_of(wanted.interval));
  const std::uint64_t time = TRY(nanoseconds_of(wanted.value));
  const auto kind = flags & kAbsolute ? task::TimerValue::kAbsolute : task::TimerValue::kRelative;
  const TimerSetting old = TRY(task::set_posix_timer(own_process(), id, kind, time, interval));
  if (old_value) TRY(old_value.write(to_itimer_spec(old)));
  return 0;
}

SyscallResult sys_timer_gettime(int id, mm::UserPtr<ItimerSpec> value) {
  const TimerSetting setting = TRY(task::posix_timer(own_process(), id));
  TRY(value.write(to_itimer_spec(setting)));
  return 0;
}

SyscallResult sys_timer_getoverrun(int id) {
  return static_cast<std::uint64_t>(TRY(task::posix_timer_overrun(own_process(), id)));
}

SyscallResult sys_timer_delete(int id) {
  TRY(task::delete_posix_timer(own_process(), id));
  return 0;
}

}  // namespace kernel::syscall
