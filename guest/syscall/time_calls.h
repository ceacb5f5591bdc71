// System calls about time: clocks, sleeping, CPU time used.
#pragma once

#include "lib/time.h"
#include "syscall/rusage.h"
#include "syscall/table.h"

namespace kernel::syscall {

// Linux's struct timezone and tms of the x86-64 ABI.
struct Timezone {
  std::int32_t minutes_west;
  std::int32_t dst_time;
};
struct Tms {
  std::int64_t user, system, children_user, children_system;
};

SyscallResult sys_nanosleep(mm::UserPtr<const Timespec> duration, mm::UserPtr<Timespec> remaining);
SyscallResult sys_gettimeofday(mm::UserPtr<Timeval> time, mm::UserPtr<Timezone> zone);
SyscallResult sys_getrusage(int who, mm::UserPtr<Rusage> usage);
SyscallResult sys_times(mm::UserPtr<Tms> times);
SyscallResult sys_adjtimex(mm::UserBuffer adjustment);
SyscallResult sys_settimeofday(mm::UserPtr<const Timeval> time, mm::UserPtr<const Timezone> zone);
SyscallResult sys_time(mm::UserPtr<std::int64_t> seconds);
SyscallResult sys_clock_settime(int clock, mm::UserPtr<const Timespec> time);
SyscallResult sys_clock_gettime(int clock, mm::UserPtr<Timespec> time);
SyscallResult sys_clock_getres(int clock, mm::UserPtr<Timespec> resolution);
SyscallResult sys_clock_nanosleep(int clock, int flags, mm::UserPtr<const Timespec> time,
                                  mm::UserPtr<Timespec> remaining);
SyscallResult sys_clock_adjtime(int clock, mm::UserBuffer adjustment);

inline constexpr Entry kTimeCalls[] = {
    row<sys_nanosleep>(35, "nanosleep"),
    row<sys_gettimeofday>(96, "gettimeofday"),
    row<sys_getrusage>(98, "getrusage"),
    row<sys_times>(100, "times"),
    row<sys_adjtimex>(159, "adjtimex"),
    row<sys_settimeofday>(164, "settimeofday"),
    row<sys_time>(201, "time"),
    row<sys_clock_settime>(227, "clock_settime"),
    row<sys_clock_gettime>(228, "clock_gettime"),
    row<sys_clock_getres>(229, "clock_getres"),
    row<sys_clock_nanosleep>(230, "clock_nanosleep"),
    row<sys_clock_adjtime>(305, "clock_adjtime"),
};

}  // namespace kernel::syscall
