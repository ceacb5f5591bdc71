// System calls that set timers: setitimer(2), alarm(2), timer_create(2) and its family.
#pragma once

#include "lib/time.h"
#include "syscall/table.h"
#include "task/timers.h"

namespace kernel::syscall {

// Linux's struct itimerval, itimerspec and sigevent of the x86-64 ABI.
struct ItimerValue {
  Timeval interval;
  Timeval value;
};
struct ItimerSpec {
  Timespec interval;
  Timespec value;
};
inline ItimerSpec to_itimer_spec(const task::TimerSetting& setting) {
  return {to_timespec(setting.interval_ns), to_timespec(setting.remaining_ns)};
}
struct SignalEvent {
  std::uint64_t value;
  std::int32_t signal;
  std::int32_t notify;
  std::int32_t thread_id;
  std::int32_t padding[11];
};
static_assert(sizeof(SignalEvent) == 64);

SyscallResult sys_getitimer(unsigned which, mm::UserPtr<ItimerValue> value);
SyscallResult sys_alarm(unsigned seconds);
SyscallResult sys_setitimer(unsigned which, mm::UserPtr<const ItimerValue> value, mm::UserPtr<ItimerValue> old_value);
SyscallResult sys_timer_create(int clock, mm::UserPtr<const SignalEvent> event, mm::UserPtr<std::int32_t> id);
SyscallResult sys_timer_settime(int id, int flags, mm::UserPtr<const ItimerSpec> value,
                                mm::UserPtr<ItimerSpec> old_value);
SyscallResult sys_timer_gettime(int id, mm::UserPtr<ItimerSpec> value);
SyscallResult sys_timer_getoverrun(int id);
SyscallResult sys_timer_delete(int id);

inline constexpr Entry kTimerCalls[] = {
    row<sys_getitimer>(36, "getitimer"),
    row<sys_alarm>(37, "alarm"),
    row<sys_setitimer>(38, "setitimer"),
    row<sys_timer_create>(222, "timer_create"),
    row<sys_timer_settime>(223, "timer_settime"),
    row<sys_timer_gettime>(224, "timer_gettime"),
    row<sys_timer_getoverrun>(225, "timer_getoverrun"),
    row<sys_timer_delete>(226, "timer_delete"),
};

}  // namespace kernel::syscall
