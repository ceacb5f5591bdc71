// System calls about the machine and about a process's attributes that belong to no larger group.
#pragma once

#include "syscall/table.h"
#include "task/process.h"

namespace kernel::syscall {

// Linux's struct new_utsname and struct sysinfo of the x86-64 ABI.
struct UtsName {
  char system[65], node[65], release[65], version[65], machine[65], domain[65];
};
struct SystemInformation {
  std::int64_t uptime;
  std::uint64_t loads[3];
  std::uint64_t total_ram, free_ram, shared_ram, buffer_ram, total_swap, free_swap;
  std::uint16_t processes, padding;
  std::uint32_t padding2;
  std::uint64_t total_high, free_high;
  std::uint32_t unit;
  std::uint32_t padding3;
};
static_assert(sizeof(SystemInformation) == 112);

SyscallResult sys_uname(mm::UserPtr<UtsName> name);
SyscallResult sys_sysinfo(mm::UserPtr<SystemInformation> information);
SyscallResult sys_syslog(int action, mm::UserBuffer buffer, int size);
SyscallResult sys_personality(std::uint32_t persona);
SyscallResult sys_getrlimit(unsigned resource, mm::UserPtr<task::Rlimit> limit);
SyscallResult sys_setrlimit(unsigned resource, mm::UserPtr<const task::Rlimit> limit);
SyscallResult sys_prlimit64(int pid, unsigned resource, mm::UserPtr<const task::Rlimit> limit,
                            mm::UserPtr<task::Rlimit> old_limit);
SyscallResult sys_sethostname(mm::UserString name, int length);
SyscallResult sys_setdomainname(mm::UserString name, int length);
SyscallResult sys_getrandom(mm::UserBuffer buffer, std::size_t size, unsigned flags);
SyscallResult sys_membarrier(int command, unsigned flags, int cpu);

inline constexpr Entry kMiscCalls[] = {
    row<sys_uname>(63, "uname"),
    row<sys_getrlimit>(97, "getrlimit"),
    row<sys_sysinfo>(99, "sysinfo"),
    row<sys_syslog>(103, "syslog"),
    row<sys_personality>(135, "personality"),
    row<sys_setrlimit>(160, "setrlimit"),
    row<sys_sethostname>(170, "sethostname"),
    row<sys_setdomainname>(171, "setdomainname"),
    row<sys_prlimit64>(302, "prlimit64"),
    row<sys_getrandom>(318, "getrandom"),
    row<sys_membarrier>(324, "membarrier"),
};

}  // namespace kernel::syscall
