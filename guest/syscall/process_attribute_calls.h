// System calls about attributes of processes and threads: prctl(2), sched(7).
#pragma once

#include "lib/time.h"
#include "syscall/table.h"

namespace kernel::syscall {

struct SchedulingParameter {
  std::int32_t priority;
};

SyscallResult sys_sched_yield();
SyscallResult sys_getpriority(int which, int who);
SyscallResult sys_setpriority(int which, int who, int nice);
SyscallResult sys_sched_setparam(int pid, mm::UserPtr<const SchedulingParameter> parameter);
SyscallResult sys_sched_getparam(int pid, mm::UserPtr<SchedulingParameter> parameter);
SyscallResult sys_sched_setscheduler(int pid, int policy, mm::UserPtr<const SchedulingParameter> parameter);
SyscallResult sys_sched_getscheduler(int pid);
SyscallResult sys_sched_get_priority_max(int policy);
SyscallResult sys_sched_get_priority_min(int policy);
SyscallResult sys_sched_rr_get_interval(int pid, mm::UserPtr<Timespec> interval);
SyscallResult sys_prctl(int option, std::uint64_t argument2, std::uint64_t argument3, std::uint64_t argument4,
                        std::uint64_t argument5);
SyscallResult sys_sched_setaffinity(int pid, std::size_t size, mm::UserPtr<const std::byte> mask);
SyscallResult sys_sched_getaffinity(int pid, std::size_t size, mm::UserPtr<std::uint64_t> mask);
SyscallResult sys_getcpu(mm::UserPtr<std::uint32_t> cpu, mm::UserPtr<std::uint32_t> node);

inline constexpr Entry kProcessAttributeCalls[] = {
    row<sys_sched_yield>(24, "sched_yield"),
    row<sys_getpriority>(140, "getpriority"),
    row<sys_setpriority>(141, "setpriority"),
    row<sys_sched_setparam>(142, "sched_setparam"),
    row<sys_sched_getparam>(143, "sched_getparam"),
    row<sys_sched_setscheduler>(144, "sched_setscheduler"),
    row<sys_sched_getscheduler>(145, "sched_getscheduler"),
    row<sys_sched_get_priority_max>(146, "sched_get_priority_max"),
    row<sys_sched_get_priority_min>(147, "sched_get_priority_min"),
    row<sys_sched_rr_get_interval>(148, "sched_rr_get_interval"),
    row<sys_prctl>(157, "prctl"),
    row<sys_sched_setaffinity>(203, "sched_setaffinity"),
    row<sys_sched_getaffinity>(204, "sched_getaffinity"),
    row<sys_getcpu>(309, "getcpu"),
};

}  // namespace kernel::syscall
