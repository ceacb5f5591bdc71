// System calls about who gets the CPU: sched(7), setpriority(2).
#pragma once

#include "lib/time.h"
#include "syscall/table.h"

namespace kernel::syscall {

// Linux's struct sched_param.
struct SchedulingParameter {
  std::int32_t priority;
};

SyscallResult sys_sched_yield();
SyscallResult sys_getpriority(int which, int who);
SyscallResult sys_setpriority(int which, int who, int nice);
SyscallResult sys_sched_setparam(int tid, mm::UserPtr<const SchedulingParameter> parameter);
SyscallResult sys_sched_getparam(int tid, mm::UserPtr<SchedulingParameter> parameter);
SyscallResult sys_sched_setscheduler(int tid, int policy, mm::UserPtr<const SchedulingParameter> parameter);
SyscallResult sys_sched_getscheduler(int tid);
SyscallResult sys_sched_get_priority_max(int policy);
SyscallResult sys_sched_get_priority_min(int policy);
SyscallResult sys_sched_rr_get_interval(int tid, mm::UserPtr<Timespec> interval);
SyscallResult sys_sched_setaffinity(int tid, std::size_t size, mm::UserPtr<const std::byte> mask);
SyscallResult sys_sched_getaffinity(int tid, std::size_t size, mm::UserPtr<std::uint64_t> mask);
SyscallResult sys_getcpu(mm::UserPtr<std::uint32_t> cpu, mm::UserPtr<std::uint32_t> node);
SyscallResult sys_sched_setattr(int tid, std::uint64_t attributes, std::uint32_t flags);
SyscallResult sys_sched_getattr(int tid, std::uint64_t attributes, std::uint32_t size, std::uint32_t flags);

inline constexpr Entry kSchedulingCalls[] = {
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
    row<sys_sched_setaffinity>(203, "sched_setaffinity"),
    row<sys_sched_getaffinity>(204, "sched_getaffinity"),
    row<sys_getcpu>(309, "getcpu"),
    row<sys_sched_setattr>(314, "sched_setattr"),
    row<sys_sched_getattr>(315, "sched_getattr"),
};

}  // namespace kernel::syscall
